#include "hub/people/person.h"

#include <algorithm>

#include "hub/base/status_macros.h"
#include "hub/people/birthday.h"
#include "hub/people/sealing.h"
#include "signpost/v1/common.pb.h"

namespace signpost::people {

absl::StatusOr<base::SecretKey> DataKey::Get() const {
  absl::call_once(once_, [this] { key_ = keyring_->UnwrapDataKey(person_, wrapped_); });
  return key_;
}

absl::StatusOr<std::string> Ciphertext::Open() const {
  if (sealed_.empty()) return std::string();
  absl::StatusOr<base::SecretKey> key = key_->Get();
  if (!key.ok()) return std::move(key).status();
  return base::Open(*key, context_, sealed_);
}

std::string SealContext(const base::PersonId& person, absl::string_view kind,
                        absl::string_view item) {
  std::string context;
  context.reserve(person.bytes().size() + kind.size() + 1 + item.size());
  context.append(person.bytes().data(), person.bytes().size());
  context.append(kind.data(), kind.size());
  context.push_back('\0');  // kinds hold none, so kind and item cannot run into each other
  context.append(item.data(), item.size());
  return context;
}

std::string Person::Context(absl::string_view kind, absl::string_view item) const {
  return SealContext(id_, kind, item);
}

Ciphertext Person::OfRow(absl::string_view kind, absl::string_view item,
                         absl::string_view sealed) const {
  return Ciphertext(key_, Context(kind, item), row_, sealed);
}

const store::v1::FlagRow* Person::FindFlag(const base::FlagId& id) const {
  for (const store::v1::FlagRow& flag : row_->flags()) {
    if (flag.flag_id() == id.bytes()) return &flag;
  }
  return nullptr;
}

const store::v1::ConsentRow* Person::FindConsent(const base::ConsentId& id) const {
  for (const store::v1::ConsentRow& consent : row_->consents()) {
    if (consent.consent_id() == id.bytes()) return &consent;
  }
  return nullptr;
}

base::PersonId Person::KnownAs(absl::string_view agency_id) const {
  const store::v1::FlagRow* first = nullptr;
  for (const store::v1::FlagRow& flag : flags()) {
    if (flag.agency_id() != agency_id || flag.known_as().empty()) continue;
    if (flag.known_as() == named_as_.bytes()) return named_as_;
    if (first == nullptr) first = &flag;
  }
  std::string known_as = first == nullptr ? std::string() : first->known_as();
  // What is archived counts for nothing, but the agency goes on knowing them by the id that it had: another
  // would say what their rows were joined to since.
  for (const store::v1::ArchivedFlagRow& flag : row_->archived()) {
    if (flag.agency_id() != agency_id || flag.known_as().empty()) continue;
    if (flag.known_as() == named_as_.bytes()) return named_as_;
    if (known_as.empty()) known_as = flag.known_as();
  }
  if (known_as.empty()) return id_;
  const absl::StatusOr<base::PersonId> id = base::PersonId::FromBytes(known_as);
  return id.ok() ? *id : id_;
}

Person Person::AsKnownTo(absl::string_view agency_id) const {
  bool by_name = false;
  bool otherwise = false;
  for (const store::v1::FlagRow& flag : flags()) {
    if (flag.agency_id() != agency_id) continue;
    (flag.known_as() == named_as_.bytes() ? by_name : otherwise) = true;
  }
  if (!by_name || !otherwise) return *this;
  store::v1::PersonRow row = *row_;
  row.clear_flags();
  for (const store::v1::FlagRow& flag : flags()) {
    if (flag.agency_id() == agency_id && flag.known_as() != named_as_.bytes()) continue;
    *row.add_flags() = flag;
  }
  return AsOf(std::move(row));
}

Person Person::AsOf(store::v1::PersonRow row) const {
  Person then = *this;
  then.row_ = std::make_shared<const store::v1::PersonRow>(std::move(row));
  return then;
}

std::vector<std::string> Person::AgenciesWithOpenFlags() const { return OpenAgencies(*row_); }

bool Person::HasOpenFlag(const std::string& agency_id) const {
  return std::any_of(flags().begin(), flags().end(), [&](const store::v1::FlagRow& flag) {
    return flag.status() == signpost::v1::FLAG_STATUS_OPEN && flag.agency_id() == agency_id;
  });
}

base::Sealed<LazyContact> Person::Contact(const store::v1::FlagRow& flag) const {
  return base::Sealed<LazyContact>(
      LazyContact(OfRow(kContactKind, flag.flag_id(), flag.sealed_contact())));
}

base::Sealed<LazyText> Person::Note(const store::v1::ConsentRow& consent) const {
  return base::Sealed<LazyText>(OfRow(kNoteKind, consent.consent_id(), consent.sealed_note()));
}

base::Sealed<LazyText> Person::WithdrawalNote(const store::v1::ConsentRow& consent) const {
  return base::Sealed<LazyText>(
      OfRow(kWithdrawalKind, consent.consent_id(), consent.sealed_withdrawal_note()));
}

base::Sealed<LazyConsentSecret> Person::Secret(const store::v1::ConsentRow& consent) const {
  return base::Sealed<LazyConsentSecret>(
      LazyConsentSecret(OfRow(kConsentSecretKind, consent.consent_id(), consent.sealed_secret())));
}

absl::StatusOr<std::optional<BirthdaySpan>> Person::ComesOfAge(int years) const {
  std::optional<BirthdaySpan> span;
  for (const store::v1::AliasRow& alias : row_->aliases()) {
    SIGNPOST_ASSIGN_OR_RETURN(
        const store::v1::PersonSecret secret,
        LazyDetails(OfRow(kAliasKind, alias.agency_id(), alias.sealed())).Open());
    if (secret.birth_date() == 0) continue;
    const absl::Time time = Birthday(secret.birth_date(), years);
    if (!span.has_value()) span = BirthdaySpan{time, time};
    span->first = std::min(span->first, time);
    span->last = std::max(span->last, time);
  }
  return span;
}

base::Sealed<LazyDetails> Person::Details(const store::v1::AliasRow& alias) const {
  return base::Sealed<LazyDetails>(
      LazyDetails(OfRow(kAliasKind, alias.agency_id(), alias.sealed())));
}

absl::StatusOr<std::string> Person::SealPrivate(absl::string_view label, absl::string_view plain,
                                                base::RandomSource* random) const {
  absl::StatusOr<base::SecretKey> key = key_->Get();
  if (!key.ok()) return std::move(key).status();
  return base::Seal(*key, Context(kPrivateKind, label), plain, random);
}

absl::StatusOr<ledger::Blinding> Person::Blinding() const {
  absl::StatusOr<base::SecretKey> key = key_->Get();
  if (!key.ok()) return std::move(key).status();
  return ledger::Blinding(*key);
}

base::Sealed<LazyText> Person::OpenPrivate(absl::string_view label,
                                           absl::string_view sealed) const {
  return base::Sealed<LazyText>(LazyText(key_, Context(kPrivateKind, label), sealed));
}

std::vector<std::string> OpenAgencies(const store::v1::PersonRow& row) {
  std::vector<std::string> agencies;
  for (const store::v1::FlagRow& flag : row.flags()) {
    if (flag.status() == signpost::v1::FLAG_STATUS_OPEN) agencies.push_back(flag.agency_id());
  }
  std::sort(agencies.begin(), agencies.end());
  agencies.erase(std::unique(agencies.begin(), agencies.end()), agencies.end());
  return agencies;
}

}  // namespace signpost::people
