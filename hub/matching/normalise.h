// Normaliser is a writer that makes names comparable: NFKC, any script to Latin, accents and case
// folded, titles and placeholder words gone, apostrophes out, hyphens to spaces, in tokens.
//
// "Mr. Seán O'Brien-Ní" and "SEAN OBRIEN NI" are the same name here. What was reported is kept as
// it was elsewhere; nothing from here is ever shown.

#ifndef SIGNPOST_HUB_MATCHING_NORMALISE_H_
#define SIGNPOST_HUB_MATCHING_NORMALISE_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace signpost::matching {

// Only A-Z and 0-9, none empty, at most kNameTokensMax; none at all for a null name.
using NameTokens = std::vector<std::string>;
inline constexpr int kNameTokensMax = 16;

// Immutable and thread-safe. Names in plain ASCII never reach ICU.
class Normaliser {
 public:
  // Loads ICU's transliterator, once. Errors: kInternal when ICU's data is missing.
  [[nodiscard]] static absl::StatusOr<std::unique_ptr<Normaliser>> Create();
  ~Normaliser();
  Normaliser(const Normaliser&) = delete;
  Normaliser& operator=(const Normaliser&) = delete;

  // Never fails: bytes that are not UTF-8 read as unknown characters and vanish. Idempotent.
  NameTokens Name(absl::string_view name) const;

 private:
  struct Impl;
  explicit Normaliser(std::unique_ptr<Impl> impl);
  const std::unique_ptr<Impl> impl_;
};

// Tokens with one space between.
std::string Joined(const NameTokens& tokens);

}  // namespace signpost::matching

#endif  // SIGNPOST_HUB_MATCHING_NORMALISE_H_
