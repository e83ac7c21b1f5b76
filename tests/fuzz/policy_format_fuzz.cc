// Whatever the bytes, laying a policy text out twice is laying it out once, and the parser reads
// the same words and the same blocks before and after.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "policy/limits.h"
#include "policy/text/format.h"
#include "policy/text/syntax.h"

namespace {

namespace policy = signpost::policy;

struct Read {
  std::vector<std::string> words;
  std::vector<bool> begins_block;
  bool whole = false;
};

Read ReadOf(const std::string& text) {
  Read read;
  policy::syntax::Diagnostics diagnostics;
  for (const policy::syntax::Piece& piece : policy::syntax::Pieces(text, diagnostics)) {
    read.words.push_back(text.substr(piece.begin, piece.end - piece.begin));
    read.begins_block.push_back(piece.begins_block);
  }
  read.whole = diagnostics.empty();
  return read;
}

// What is left of a text when its blanks are taken away: words and comments, in their order.
std::string Inked(const std::string& text) {
  std::string ink;
  for (const char c : text) {
    if (c != ' ' && c != '\t' && c != '\r' && c != '\n') ink += c;
  }
  return ink;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  std::vector<policy::Diagnostic> faults;
  const std::string formatted = policy::Format(text, &faults);
  const Read before = ReadOf(text);
  if (before.whole != faults.empty()) std::abort();
  if (!before.whole) {
    if (formatted != text) std::abort();
    return 0;
  }
  // Blanks that were put in can take a text past its limit.
  if (formatted.size() > policy::kPolicyTextBytesMax) return 0;
  if (policy::Format(formatted) != formatted) std::abort();
  const Read after = ReadOf(formatted);
  if (!after.whole || after.words != before.words) std::abort();
  if (after.begins_block != before.begins_block) std::abort();
  if (Inked(formatted) != Inked(text)) std::abort();
  return 0;
}
