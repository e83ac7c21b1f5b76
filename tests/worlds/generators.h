// A Generator is a maker of random calls of one method of the API, as one agency might make them:
// good ones mostly, wrong ones and forbidden ones too.
//
// Every row of the method table has one; a test fails for a row without. To add one, write a
// function in the generators_*.cc of its service and name it in the list at that file's end.

#ifndef SIGNPOST_TESTS_WORLDS_GENERATORS_H_
#define SIGNPOST_TESTS_WORLDS_GENERATORS_H_

#include <functional>
#include <string>
#include <vector>

#include "signpost/v1/index.pb.h"
#include "tests/worlds/keyed_random.h"
#include "tests/worlds/plan.h"

namespace signpost::worlds {

// What generators make a step of.
class Maker {
 public:
  Maker(const Cast* cast, const std::string& agency, uint64_t seed);

  // The number of the step that is made next.
  void Next(size_t number) { number_ = number; }

  Dice& dice() { return dice_; }
  const Cast& cast() const { return *cast_; }
  const std::string& agency() const { return agency_; }

  // --- Who calls.
  Caller Adapter() const;
  // A worker, mostly, or an officer; for that purpose.
  Caller Anybody(v1::Purpose purpose = v1::PURPOSE_SUPPORT_PLANNING);
  Caller InRole(const std::string& practitioner, const std::string& role) const;
  Caller Manager() const { return InRole("mg", "manager"); }
  Caller CaseReviewOfficer() const { return InRole("cr", "case-review-officer"); }
  Caller DataProtectionOfficer() const { return InRole("dp", "data-protection-officer"); }
  Caller GovernanceOfficer();

  // --- What a request says.
  // New for each step, but for one in twenty, which has an earlier one's.
  std::string RequestId();
  v1::Purpose Purpose();
  std::string RecordId();
  // Of the person, mostly, in one of the spellings that an adviser might try.
  v1::PersonDetails Details();
  // Builds a selector of one of the three kinds. What it names is chosen now.
  std::function<v1::PersonSelector(const Talk&)> Selector();
  std::string Reason();
  // Nothing mostly, or something that somebody might try.
  int32_t PageSize();
  // The token of an earlier page, sometimes.
  std::function<std::string(const Talk&)> PageToken(const std::string& kind);

 private:
  const Cast* const cast_;
  const std::string agency_;
  Dice dice_;
  size_t number_ = 0;
};

struct Generator {
  const char* method;  // "/signpost.v1.IndexService/Find"
  int weight;          // how often, among all that the agency's callers may call
  Act (*make)(Maker* maker, Caller* caller);
};

// Sorted by nothing; each method once.
const std::vector<Generator>& AllGenerators();
// The one of that method, or nullptr.
const Generator* FindGenerator(const std::string& method);

// By service; see AllGenerators().
std::vector<Generator> IndexGenerators();
std::vector<Generator> ConsentGenerators();
std::vector<Generator> StewardGenerators();
std::vector<Generator> ArchiveGenerators();
std::vector<Generator> OversightGenerators();  // audit, overrides, persons, the mailbox
std::vector<Generator> OperationGenerators();  // registry, policies, maintenance

// A step that is one request and one reply, the request made when it is sent.
template <typename Request, typename Response>
Act Asks(std::function<Request(const Talk&)> build) {
  return [build = std::move(build)](Talk& talk) {
    Response response;
    talk.Unary(build(talk), &response);
  };
}

}  // namespace signpost::worlds

#endif  // SIGNPOST_TESTS_WORLDS_GENERATORS_H_
