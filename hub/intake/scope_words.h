// CheckScopeWords() is the check that every word of a consent's scope means something.
//
// A consent that names an agency nobody registered, or a section no paper has, reads as an agreement
// and covers nothing: a no that is spelt wrongly protects nobody. So each word is looked up where it
// is kept: agencies and their kinds in the directory, services, papers, sections and roles in the
// vocabulary of the policy in force.
//
// Pure; thread-safe.

#ifndef SIGNPOST_HUB_INTAKE_SCOPE_WORDS_H_
#define SIGNPOST_HUB_INTAKE_SCOPE_WORDS_H_

#include <string>

#include "absl/status/status.h"
#include "hub/registry/directory.h"
#include "policy/policy.h"
#include "signpost/v1/consent.pb.h"

namespace signpost::intake {

// `policy` may be null: while none is in force only what the directory knows is looked up. Errors:
// kInvalidField, with each word at fault as "<path>.services[0]", exceptions included.
[[nodiscard]] absl::Status CheckScopeWords(const registry::Directory& directory,
                                           const policy::Policy* policy,
                                           const signpost::v1::ConsentScope& scope,
                                           const std::string& path);

}  // namespace signpost::intake

#endif  // SIGNPOST_HUB_INTAKE_SCOPE_WORDS_H_
