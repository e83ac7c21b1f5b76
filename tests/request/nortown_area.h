// NortownArea is the area of deploy/area/nortown.json that tests enrol, as the requests that enrol
// it, in their order; and AnswerReader is a reader of answers that finds what was said of whom.
// Shared by the tests of rooms, which hand the requests to a registry, and by the stories, which
// send them to a hub.

#ifndef SIGNPOST_TESTS_REQUEST_NORTOWN_AREA_H_
#define SIGNPOST_TESTS_REQUEST_NORTOWN_AREA_H_

#include <string>
#include <vector>

#include "signpost/v1/index.pb.h"
#include "signpost/v1/registry.pb.h"

namespace signpost::test_area {

// Without request ids, and without the agencies' keys, of which the names alone are in the file.
struct NortownArea {
  std::vector<v1::PutAgencyRequest> agencies;
  std::vector<std::vector<std::string>> key_ids;  // by agency
  std::vector<v1::PutTeamRequest> teams;
  std::vector<v1::PutPractitionerRequest> practitioners;
};
// Ends the test program when the file does not read.
NortownArea ReadNortownArea();

// What founds an area of these: with a key of its own for each of the first two agencies that work with
// young people, which sign it. What a test enrols afterwards and gives a right is put, and confirmed by
// an officer.
v1::FoundAreaRequest FoundingOf(const NortownArea& area, const std::string& origin,
                                const std::string& policy_sha256);
// A file that such keys sign once more, after it was changed.
v1::FoundAreaRequest SignedFounding(v1::Founding founding);

// The bytes of a file of the source tree; ends the test program when there is none.
std::string ReadShipped(const std::string& name);

// An answer to WhoKnows, decoded.
struct AnswerReader {
  v1::WhoKnowsAnswer answer;

  // The flag of `agency`, or nullptr.
  const v1::FlagView* Flag(const std::string& agency) const;
  // What is said of one aspect of it, or nullptr.
  const v1::AspectDecision* Said(const std::string& agency, v1::Aspect aspect) const;
  v1::CoverageState CoverageOf(const std::string& agency) const;
};

}  // namespace signpost::test_area

#endif  // SIGNPOST_TESTS_REQUEST_NORTOWN_AREA_H_
