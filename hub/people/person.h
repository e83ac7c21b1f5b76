// Person is a snapshot that shows one young person: their flags, consents and shield in clear
// terms, and what is personal (names, contacts, notes) as ciphertext that only the door can open.
//
// Nothing is decrypted by reading. A contact is opened by disclosure::Opener, one by one, when it
// is to be shown: Sealed::Peek() gives the Lazy value, Lazy::Open() the message. The data key
// itself is unwrapped at the first such Open() and then shared by all copies.
//
// A Person is an immutable snapshot; it may be copied, moved and read by several threads. The
// Keyring it was read with must outlive it and every Lazy value taken from it.

#ifndef SIGNPOST_HUB_PEOPLE_PERSON_H_
#define SIGNPOST_HUB_PEOPLE_PERSON_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/call_once.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "hub/base/crypto.h"
#include "hub/base/error.h"
#include "hub/base/ids.h"
#include "hub/base/keyring.h"
#include "hub/base/random.h"
#include "hub/base/sealed.h"
#include "hub/ledger/entry.h"
#include "signpost/store/v1/person.pb.h"

namespace signpost::people {

// A person's data key as stored, unwrapped when first needed. Thread-safe.
class DataKey {
 public:
  DataKey(const base::Keyring* keyring, const base::PersonId& person, std::string wrapped)
      : keyring_(keyring), person_(person), wrapped_(std::move(wrapped)) {}
  DataKey(const DataKey&) = delete;
  DataKey& operator=(const DataKey&) = delete;

  // Errors: kDataLoss when what is stored is not this person's key or was changed.
  [[nodiscard]] absl::StatusOr<base::SecretKey> Get() const;

 private:
  const base::Keyring* const keyring_;
  const base::PersonId person_;
  const std::string wrapped_;
  mutable absl::once_flag once_;
  mutable absl::StatusOr<base::SecretKey> key_;
};

// One ciphertext with the key and the context it opens under.
class Ciphertext {
 public:
  // `sealed` lives as long as `owner`.
  Ciphertext(std::shared_ptr<const DataKey> key, std::string context,
             std::shared_ptr<const void> owner, absl::string_view sealed)
      : key_(std::move(key)),
        context_(std::move(context)),
        owner_(std::move(owner)),
        sealed_(sealed) {}
  // Keeps a copy of `sealed`.
  Ciphertext(std::shared_ptr<const DataKey> key, std::string context, absl::string_view sealed)
      : Ciphertext(std::move(key), std::move(context),
                   std::make_shared<const std::string>(sealed)) {}

  // True when nothing was stored; it then opens to the empty string.
  bool empty() const { return sealed_.empty(); }
  // Errors: kDataLoss when the stored bytes do not verify.
  [[nodiscard]] absl::StatusOr<std::string> Open() const;

 private:
  Ciphertext(std::shared_ptr<const DataKey> key, std::string context,
             std::shared_ptr<const std::string> sealed)
      : Ciphertext(std::move(key), std::move(context), sealed, *sealed) {}

  std::shared_ptr<const DataKey> key_;
  std::string context_;
  std::shared_ptr<const void> owner_;
  absl::string_view sealed_;
};

// A message of type T, still encrypted.
template <typename T>
class Lazy {
 public:
  explicit Lazy(Ciphertext ciphertext) : ciphertext_(std::move(ciphertext)) {}

  bool empty() const { return ciphertext_.empty(); }
  // Decrypts: the message as it was serialised. Errors: kDataLoss.
  [[nodiscard]] absl::StatusOr<std::string> OpenSerialised() const { return ciphertext_.Open(); }
  // Decrypts and parses; an empty one is T(). Errors: kDataLoss.
  [[nodiscard]] absl::StatusOr<T> Open() const {
    absl::StatusOr<std::string> plain = ciphertext_.Open();
    if (!plain.ok()) return std::move(plain).status();
    T message;
    if (!message.ParseFromString(*plain)) {
      return base::Error(base::Reason::kDataLoss,
                         "a stored personal value does not parse; call the operator");
    }
    return message;
  }

 private:
  Ciphertext ciphertext_;
};

using LazyContact = Lazy<store::v1::ContactSecret>;
using LazyDetails = Lazy<store::v1::PersonSecret>;
using LazyText = Ciphertext;
using LazyConsentSecret = Lazy<store::v1::ConsentSecret>;

// When somebody comes of an age, by every birth date that an agency reported.
struct BirthdaySpan {
  absl::Time first;  // by the earliest birth date
  absl::Time last;   // by the latest
};

class Person {
 public:
  // Their id now: after a merge it may differ from the id that was asked for.
  const base::PersonId& id() const { return id_; }
  // The id that was asked for: an agency's own, where it was asked by one.
  const base::PersonId& named_as() const { return named_as_; }
  // The id by which `agency_id` knows them: named_as() where that is one of its own, else that of its
  // first record, else id().
  base::PersonId KnownAs(absl::string_view agency_id) const;
  // They as `agency_id` knows them by named_as(): of its own flags those alone that go by that id, so
  // that what makes its records one where it did not do so itself shows in no answer. Without one
  // that goes by it, as they are. To judge, never to write.
  Person AsKnownTo(absl::string_view agency_id) const;
  uint64_t version() const { return row_->version(); }
  // The stored row. What is personal in it is ciphertext.
  const store::v1::PersonRow& row() const { return *row_; }
  const google::protobuf::RepeatedPtrField<store::v1::FlagRow>& flags() const {
    return row_->flags();
  }
  const google::protobuf::RepeatedPtrField<store::v1::ConsentRow>& consents() const {
    return row_->consents();
  }
  const google::protobuf::RepeatedPtrField<store::v1::AliasRow>& aliases() const {
    return row_->aliases();
  }
  bool shielded() const { return row_->shield().shielded(); }

  // The flag or consent of that id, or nullptr. Valid while any copy of this Person lives.
  const store::v1::FlagRow* FindFlag(const base::FlagId& id) const;
  const store::v1::ConsentRow* FindConsent(const base::ConsentId& id) const;

  // Agencies with at least one open flag on them, sorted, each once. Retracted flags never count.
  std::vector<std::string> AgenciesWithOpenFlags() const;
  // Whether the agency is one of them.
  bool HasOpenFlag(const std::string& agency_id) const;

  // The same person with another row, e.g. as they stood once: to judge, never to write. It keeps
  // the id and the key.
  Person AsOf(store::v1::PersonRow row) const;

  // What is personal, sealed. REQUIRES: the argument is a row of this person.
  base::Sealed<LazyContact> Contact(const store::v1::FlagRow& flag) const;
  base::Sealed<LazyText> Note(const store::v1::ConsentRow& consent) const;
  base::Sealed<LazyText> WithdrawalNote(const store::v1::ConsentRow& consent) const;
  base::Sealed<LazyConsentSecret> Secret(const store::v1::ConsentRow& consent) const;
  base::Sealed<LazyDetails> Details(const store::v1::AliasRow& alias) const;

  // When they are `years` old, nullopt when no agency reported a birth date. Opens their details,
  // so call it only where an answer depends on it. Errors: kDataLoss.
  [[nodiscard]] absl::StatusOr<std::optional<BirthdaySpan>> ComesOfAge(int years) const;

  // Seals the private details of a ledger entry under the person's key, so that erasing the person
  // erases them, and takes them back. `label` says what they are and must be the same both times.
  // Errors: kDataLoss.
  [[nodiscard]] absl::StatusOr<std::string> SealPrivate(absl::string_view label,
                                                        absl::string_view plain,
                                                        base::RandomSource* random) const;
  base::Sealed<LazyText> OpenPrivate(absl::string_view label, absl::string_view sealed) const;

  // What the ledger's entries name this person by. Errors: kDataLoss.
  [[nodiscard]] absl::StatusOr<ledger::Blinding> Blinding() const;

 private:
  friend class People;
  Person() = default;
  std::string Context(absl::string_view kind, absl::string_view item) const;
  // A value of row_.
  Ciphertext OfRow(absl::string_view kind, absl::string_view item, absl::string_view sealed) const;

  base::PersonId id_;
  base::PersonId named_as_;
  std::shared_ptr<const store::v1::PersonRow> row_;
  std::shared_ptr<const DataKey> key_;
};

}  // namespace signpost::people

#endif  // SIGNPOST_HUB_PEOPLE_PERSON_H_
