#include "adapters/cli/text/page.h"

#include <algorithm>
#include <cstdint>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace signpost::adapters::cli {
namespace {

// Length of the well-formed UTF-8 sequence at `at`, or 0.
size_t SequenceLength(const std::string& text, size_t at) {
  const auto byte = [&text](size_t i) { return static_cast<uint8_t>(text[i]); };
  const uint8_t lead = byte(at);
  const size_t length = lead < 0x80   ? 1
                        : lead < 0xC2 ? 0
                        : lead < 0xE0 ? 2
                        : lead < 0xF0 ? 3
                        : lead < 0xF5 ? 4
                                      : 0;
  if (length == 0 || at + length > text.size()) return 0;
  for (size_t i = 1; i < length; ++i) {
    if ((byte(at + i) & 0xC0) != 0x80) return 0;
  }
  if (lead == 0xE0 && byte(at + 1) < 0xA0) return 0;  // overlong
  if (lead == 0xED && byte(at + 1) > 0x9F) return 0;  // surrogate
  if (lead == 0xF0 && byte(at + 1) < 0x90) return 0;  // overlong
  if (lead == 0xF4 && byte(at + 1) > 0x8F) return 0;  // past the last character
  return length;
}

}  // namespace

std::string Cleaned(const std::string& text) {
  std::string clean;
  for (size_t i = 0; i < text.size();) {
    const size_t length = SequenceLength(text, i);
    const auto lead = static_cast<uint8_t>(text[i]);
    const bool control = length == 0 || lead < 0x20 || lead == 0x7F ||
                         (length == 2 && lead == 0xC2 && static_cast<uint8_t>(text[i + 1]) < 0xA0);
    if (control) {
      clean += '?';
      i += std::max<size_t>(length, 1);
    } else {
      clean.append(text, i, length);
      i += length;
    }
  }
  return clean;
}

int Columns(const std::string& text) {
  return static_cast<int>(std::count_if(
      text.begin(), text.end(), [](char c) { return (static_cast<uint8_t>(c) & 0xC0) != 0x80; }));
}

void Page::Line(const std::string& text) { absl::StrAppend(&text_, Cleaned(text), "\n"); }

void Page::Heading(const std::string& text) {
  if (bold_) {
    absl::StrAppend(&text_, "\033[1m", Cleaned(text), "\033[0m\n");
  } else {
    Line(text);
  }
}

void Page::Blank() { text_ += "\n"; }

void Page::Paragraph(int indent, const std::string& text) { Field(indent, 0, "", text); }

void Page::Field(int indent, int column, const std::string& label, const std::string& text) {
  const std::string margin(static_cast<size_t>(indent + column), ' ');
  std::string line = std::string(static_cast<size_t>(indent), ' ') + Cleaned(label);
  if (Columns(line) >= indent + column && column > 0) {
    absl::StrAppend(&text_, line, "\n");  // too long a label has a line of its own
    line = margin;
  }
  line += std::string(static_cast<size_t>(std::max(0, indent + column - Columns(line))), ' ');
  bool empty = true;
  for (const absl::string_view word : absl::StrSplit(Cleaned(text), ' ', absl::SkipEmpty())) {
    const std::string piece(word);
    if (!empty && Columns(line) + 1 + Columns(piece) > kPageColumns) {
      absl::StrAppend(&text_, line, "\n");
      line = margin;
      empty = true;
    }
    if (!empty) line += ' ';
    line += piece;
    empty = false;
  }
  while (!line.empty() && line.back() == ' ') line.pop_back();
  absl::StrAppend(&text_, line, "\n");
}

}  // namespace signpost::adapters::cli
