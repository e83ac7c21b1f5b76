// Format() is a layout that gives a policy text its one form, so that two versions differ only
// where their words do.
//
// The layout: blocks stand at the margin with a blank line between them; what belongs to a block
// stands two blanks in, one statement, condition (`when`, `unless`), basis, `then` or `an override
// may lift this` a line; an example's subject and result stand on a line of their own. The rules of
// an agreement stand at the margin too, since `end agreement` closes it. Blocks `where`, `group`,
// `example` and `check` stand together with the next of their kind unless the author left a blank
// line. A line past 100 columns is broken where a reader would take breath, and goes on two blanks
// further in; what cannot be broken (a quoted text) stays whole, and so does a comment.
//
// No word, mark, quoted text or comment is changed, lost or moved past another. In this language a
// line break has a meaning only before a word that begins a block: none is put before such a word,
// or taken from before it, so a text means after formatting what it meant before.
//
// Pure and thread-safe.

#ifndef SIGNPOST_POLICY_TEXT_FORMAT_H_
#define SIGNPOST_POLICY_TEXT_FORMAT_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "policy/diagnostic.h"

namespace signpost::policy {

inline constexpr int kFormatColumns = 100;

// `text` in the canonical layout; Format(Format(text)) is Format(text). It need not compile: a text
// with an unknown word, or a half-written rule, is laid out as far as its words go.
//
// A text that does not fall into words (a quoted text that does not end, a character without a
// meaning, a word or text past its limit, more than kPolicyTextBytesMax) is returned unchanged, and
// what is wrong with it is appended to `faults`, where that is not null, with line and column.
// Nothing is appended otherwise: with no faults, the text is canonical when it equals the answer.
std::string Format(absl::string_view text, std::vector<Diagnostic>* faults = nullptr);

}  // namespace signpost::policy

#endif  // SIGNPOST_POLICY_TEXT_FORMAT_H_
