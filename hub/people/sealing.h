// These are the contexts that each ciphertext of a person is sealed with. The room's own.

#ifndef SIGNPOST_HUB_PEOPLE_SEALING_H_
#define SIGNPOST_HUB_PEOPLE_SEALING_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "hub/base/ids.h"
#include "signpost/store/v1/person.pb.h"

namespace signpost::people {

// Kinds of sealed field. Stable: they are part of the store's format.
inline constexpr char kAliasKind[] = "alias";            // item: agency id
inline constexpr char kContactKind[] = "contact";        // item: flag id
inline constexpr char kNoteKind[] = "note";              // item: consent id
inline constexpr char kWithdrawalKind[] = "withdrawal";  // item: consent id
inline constexpr char kConsentSecretKind[] = "consent";  // item: consent id
inline constexpr char kClosingKind[] = "closing";        // item: the closing's key
inline constexpr char kHoldKind[] = "hold";              // item: hold id
inline constexpr char kDeathKind[] = "death";            // item: agency id and record hash
inline constexpr char kPrivateKind[] = "private";        // item: the caller's label

std::string SealContext(const base::PersonId& person, absl::string_view kind,
                        absl::string_view item);

// Agencies with an open flag in `row`, sorted, each once.
std::vector<std::string> OpenAgencies(const store::v1::PersonRow& row);

}  // namespace signpost::people

#endif  // SIGNPOST_HUB_PEOPLE_SEALING_H_
