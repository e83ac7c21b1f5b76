// A policy file is written by people and handed in from outside: whatever the bytes, Compile() must
// answer with a policy or with diagnostics, never both, and within its limits.

#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "policy/policy.h"
#include "tests/policy/nortown.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace signpost::policy;
  static const Vocabulary vocabulary = testing::NortownVocabulary();
  CompileOptions options;
  options.check_cells_max = 20'000;  // proofs are bounded work, but not the fuzzer's business
  const CompileResult result =
      Compile(absl::string_view(reinterpret_cast<const char*>(data), size), vocabulary, options);
  if (result.ok() != result.diagnostics.empty()) std::abort();
  if (result.diagnostics.size() > static_cast<size_t>(kDiagnosticsMax)) std::abort();
  if (!result.ok()) return 0;
  // A policy that loads answers; nobody's question is answered with nothing.
  const Policy& policy = *result.policy;
  if (policy.Decide(Question(), Item()).effect != Effect::kHide) std::abort();
  for (Symbol agency = 1; agency <= 6; ++agency) {
    Question question;
    question.agency = agency;
    question.is_practitioner = Tri::kYes;
    question.purpose = Purpose::kAssessment;
    question.now_s = policy.in_force_s();
    Item item;
    item.holder = 1;
    item.service = 1;
    const Decision decision = policy.Decide(question, item);
    if (policy.Explain(question, item, decision).audit_reason.empty()) std::abort();
    policy.ListAgreements(agency, question.now_s);
  }
  return 0;
}
