// The Render functions are writers of the hub's answers as people read them; Json as programs do.
//
// Pure functions of their arguments: the same answer is the same text. Times are UTC.

#ifndef SIGNPOST_ADAPTERS_CLI_TEXT_RENDER_H_
#define SIGNPOST_ADAPTERS_CLI_TEXT_RENDER_H_

#include <string>
#include <vector>

#include "google/protobuf/message.h"
#include "signpost/v1/consent.pb.h"
#include "signpost/v1/exchange.pb.h"
#include "signpost/v1/index.pb.h"
#include "signpost/v1/registry.pb.h"
#include "signpost/v1/steward.pb.h"

namespace signpost::adapters::cli {

// Who asked what, for the head of an answer.
struct Asked {
  std::string practitioner_id;  // "pa-001"
  std::string role;             // "personal-adviser"
  std::vector<std::string> teams;
  std::string agency_id;  // "northern-connexions"
  signpost::v1::Purpose purpose = signpost::v1::PURPOSE_UNSPECIFIED;
  bool override_used = false;
  bool bold = false;  // headings in bold
};

// What a worker reads: whom to ring, what may be seen, what is withheld and why, which agencies
// feed the area, what follows, and the receipt.
//
// An answer with an obligation that this program does not know is not shown: who cannot keep to it
// must not have it. Then the text says so and names the obligation.
std::string RenderAnswer(const signpost::v1::WhoKnowsAnswer& answer,
                         const signpost::v1::Receipt& receipt, const Asked& asked);
// Every obligation of the answer is one that this program understands.
bool ObligationsUnderstood(const signpost::v1::WhoKnowsAnswer& answer);

// "entry 3204 of nortown.example/ledger, 22 November 2026, 00:47 UTC, leaf hash ab01…".
std::string RenderReceipt(const signpost::v1::Receipt& receipt);

// `said`, one line or several, and under it the receipt.
std::string RenderRecorded(const std::string& said, const signpost::v1::Receipt& receipt);

std::string RenderConsents(const signpost::v1::ConsentList& list);
std::string RenderReviews(const std::vector<signpost::v1::FlagReview>& reviews);
std::string RenderQuestions(const std::vector<signpost::v1::WaitingRecordQuestion>& questions);
std::string RenderAgencies(const signpost::v1::ListAgenciesResponse& response);
// One line.
std::string RenderNotice(const signpost::v1::Notice& notice);
// What became of one report, and its fields at fault, one a line.
std::string RenderOutcome(const std::string& record_id, const signpost::v1::FlagOutcome& outcome);

// The message as JSON with the field names of the proto, two spaces of indent.
std::string Json(const google::protobuf::Message& message);

}  // namespace signpost::adapters::cli

#endif  // SIGNPOST_ADAPTERS_CLI_TEXT_RENDER_H_
