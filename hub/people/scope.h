// These are functions that say what one consent covers of another. Pure; thread-safe.

#ifndef SIGNPOST_HUB_PEOPLE_SCOPE_H_
#define SIGNPOST_HUB_PEOPLE_SCOPE_H_

#include <functional>
#include <string>

#include "absl/strings/string_view.h"
#include "signpost/store/v1/person.pb.h"
#include "signpost/v1/consent.pb.h"

namespace signpost::people {

// The kind of an agency by its id, empty when it is not known. May itself be empty.
using KindOfAgency = std::function<std::string(const std::string&)>;

// Whether `wide` covers everything that `narrow` covers. Where that cannot be told it does not.
bool Covers(const store::v1::ConsentRow& wide, const store::v1::ConsentRow& narrow,
            const KindOfAgency& kind_of);

// Whether `row` may cover something of `flag` for somebody: what it names of holders, services and
// flags. Its exceptions are not looked at.
bool MayOpen(const store::v1::ConsentRow& row, const store::v1::FlagRow& flag);

// Whether the agency of that id may receive by `row`; where its kind is not known it may.
bool MayReceive(const store::v1::ConsentRow& row, const std::string& agency_id,
                const KindOfAgency& kind_of);

// Whether it is the young person's own word.
bool IsOwnWord(const store::v1::ConsentRow& row);

// What the agency, as holder, has said to it.
signpost::v1::HolderAnswer AnswerOf(const store::v1::ConsentRow& row, absl::string_view agency_id);

// Whether `row`, a yes, counts for what `holder` holds. One that the holder challenged does not.
// For what is sensitive more is asked: that the holder recorded or confirmed it, or that the young
// person gave it themselves, before an agency that receives nothing by it. What one agency types of
// its own client must not open another's.
bool CountsFor(const store::v1::ConsentRow& row, absl::string_view holder, bool sensitive);

// Puts the scope of the wire into `row`. REQUIRES: ValidateConsent() passed.
void StoreScope(const signpost::v1::ConsentScope& scope, store::v1::ConsentRow* row);

}  // namespace signpost::people

#endif  // SIGNPOST_HUB_PEOPLE_SCOPE_H_
