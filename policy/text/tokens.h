// A Token is a piece that a policy text was cut into: a word, a quoted text or a mark.
//
// Internal to the room; pure.

#ifndef SIGNPOST_POLICY_TEXT_TOKENS_H_
#define SIGNPOST_POLICY_TEXT_TOKENS_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "policy/text/syntax.h"

namespace signpost::policy::syntax {

inline constexpr size_t kWordBytesMax = 64;
inline constexpr size_t kStringBytesMax = 512;

enum class Kind : uint8_t { kWord, kString, kMark, kEnd };

struct Token {
  Kind kind = Kind::kEnd;
  Word word;
  size_t begin = 0;  // bytes of the text, quotes included
  size_t end = 0;
  bool first_on_line = false;
};

// The tokens of `text`, the last of them of kind kEnd. What is no token is reported and left out; a
// text past kPolicyTextBytesMax is reported and has no other token.
std::vector<Token> Tokenise(absl::string_view text, Diagnostics& diagnostics);

// Whether a block of the language begins with `token`, or the text ends there.
bool BeginsBlock(const Token& token);

}  // namespace signpost::policy::syntax

#endif  // SIGNPOST_POLICY_TEXT_TOKENS_H_
