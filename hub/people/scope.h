// These are functions that say what one consent covers of another. Pure; thread-safe.

#ifndef SIGNPOST_HUB_PEOPLE_SCOPE_H_
#define SIGNPOST_HUB_PEOPLE_SCOPE_H_

#include <functional>
#include <string>

#include "signpost/store/v1/person.pb.h"
#include "signpost/v1/consent.pb.h"

namespace signpost::people {

// The kind of an agency by its id, empty when it is not known. May itself be empty.
using KindOfAgency = std::function<std::string(const std::string&)>;

// Whether `wide` covers everything that `narrow` covers. Where that cannot be told it does not.
bool Covers(const store::v1::ConsentRow& wide, const store::v1::ConsentRow& narrow,
            const KindOfAgency& kind_of);

// Puts the scope of the wire into `row`. REQUIRES: ValidateConsent() passed.
void StoreScope(const signpost::v1::ConsentScope& scope, store::v1::ConsentRow* row);

}  // namespace signpost::people

#endif  // SIGNPOST_HUB_PEOPLE_SCOPE_H_
