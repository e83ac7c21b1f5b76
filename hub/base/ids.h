// Id is a template of ids that hold 16 random bytes, a type for each kind of thing, so that a
// flag's id is not taken for a consent's. Inside they are bytes; outside they are text such as
// `flag-0T9K3M5Z0XWGQ4S2B7N1R8CVDE`, read back in either case with O for 0 and I or L for 1.
//
// A PersonId is different: it is the hub's own and never leaves it. Agencies see an agency person
// id (agency_id.h) instead, so PersonId has no outside text, only hex for keys of the store.
//
// Values are plain, comparable and hashable.

#ifndef SIGNPOST_HUB_BASE_IDS_H_
#define SIGNPOST_HUB_BASE_IDS_H_

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "hub/base/random.h"

namespace signpost::base {

inline constexpr size_t kIdBytes = 16;

namespace internal {
// Shared by every kind, so that the templates stay thin.
std::string IdToText(const char* prefix, absl::string_view bytes);
absl::StatusOr<std::string> IdFromText(const char* prefix, absl::string_view text);
absl::Status IdLengthError(const char* prefix);
}  // namespace internal

template <typename Kind>
class Id {
 public:
  // All zero: names nothing. For members that are filled later.
  Id() = default;

  static Id New(RandomSource* random) {
    Id id;
    random->Fill(id.bytes_.data(), id.bytes_.size());
    return id;
  }
  // Errors: kInvalidField when `bytes` is not 16 bytes long.
  [[nodiscard]] static absl::StatusOr<Id> FromBytes(absl::string_view bytes) {
    if (bytes.size() != kIdBytes) return internal::IdLengthError(Kind::kPrefix);
    Id id;
    for (size_t i = 0; i < kIdBytes; ++i) id.bytes_[i] = static_cast<uint8_t>(bytes[i]);
    return id;
  }
  // Errors: kInvalidField when the text is not `<prefix>-` and 26 base-32 characters.
  [[nodiscard]] static absl::StatusOr<Id> FromText(absl::string_view text) requires(
      Kind::kOutside) {
    absl::StatusOr<std::string> bytes = internal::IdFromText(Kind::kPrefix, text);
    if (!bytes.ok()) return std::move(bytes).status();
    return FromBytes(*bytes);
  }
  [[nodiscard]] std::string ToText() const requires(Kind::kOutside) {
    return internal::IdToText(Kind::kPrefix, bytes());
  }

  // The 16 bytes; valid while this id lives.
  absl::string_view bytes() const {
    return absl::string_view(reinterpret_cast<const char*>(bytes_.data()), bytes_.size());
  }
  std::string ToBytes() const { return std::string(bytes()); }
  // 32 digits. For keys of the store and tests; a PersonId in hex goes neither on the wire nor into
  // a log.
  std::string ToHex() const;

  bool is_zero() const { return *this == Id(); }

  friend bool operator==(const Id&, const Id&) = default;
  friend auto operator<=>(const Id&, const Id&) = default;
  template <typename H>
  friend H AbslHashValue(H h, const Id& id) {
    return H::combine(std::move(h), id.bytes_);
  }

 private:
  std::array<uint8_t, kIdBytes> bytes_{};
};

namespace internal {
std::string IdToHex(absl::string_view bytes);
struct PersonKind {
  static constexpr const char* kPrefix = "person";
  static constexpr bool kOutside = false;
};
#define SIGNPOST_ID_KIND(name, prefix)             \
  struct name {                                    \
    static constexpr const char* kPrefix = prefix; \
    static constexpr bool kOutside = true;         \
  }
SIGNPOST_ID_KIND(FlagKind, "flag");
SIGNPOST_ID_KIND(ConsentKind, "consent");
SIGNPOST_ID_KIND(ReviewKind, "review");
SIGNPOST_ID_KIND(QuestionKind, "question");
SIGNPOST_ID_KIND(IncidentKind, "incident");
#undef SIGNPOST_ID_KIND
}  // namespace internal

template <typename Kind>
std::string Id<Kind>::ToHex() const {
  return internal::IdToHex(bytes());
}

using PersonId = Id<internal::PersonKind>;
using FlagId = Id<internal::FlagKind>;
using ConsentId = Id<internal::ConsentKind>;
using ReviewId = Id<internal::ReviewKind>;
using QuestionId = Id<internal::QuestionKind>;
// What an INTERNAL error quotes outside, and the log line carries.
using IncidentId = Id<internal::IncidentKind>;

}  // namespace signpost::base

#endif  // SIGNPOST_HUB_BASE_IDS_H_
