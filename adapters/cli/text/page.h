// A Page is a text for a screen that wraps between words at 100 columns, counted in characters.
//
// Whatever an agency or a hub sent is cleaned of control characters before it is laid out, so that
// a worker's terminal obeys nobody else. Not thread-safe.

#ifndef SIGNPOST_ADAPTERS_CLI_TEXT_PAGE_H_
#define SIGNPOST_ADAPTERS_CLI_TEXT_PAGE_H_

#include <string>

namespace signpost::adapters::cli {

inline constexpr int kPageColumns = 100;

class Page {
 public:
  // `bold` sets headings in bold, for a terminal.
  explicit Page(bool bold = false) : bold_(bold) {}

  void Line(const std::string& text);  // as it is, cleaned
  void Heading(const std::string& text);
  void Blank();
  // Wrapped, every line behind `indent` spaces.
  void Paragraph(int indent, const std::string& text);
  // `label` at `indent`, `text` wrapped in a column that begins `column` after the indent.
  void Field(int indent, int column, const std::string& label, const std::string& text);

  const std::string& text() const { return text_; }

 private:
  const bool bold_;
  std::string text_;
};

// Control characters (C0, DEL, C1) and malformed UTF-8 become '?'.
std::string Cleaned(const std::string& text);
// Characters of UTF-8 text.
int Columns(const std::string& text);

}  // namespace signpost::adapters::cli

#endif  // SIGNPOST_ADAPTERS_CLI_TEXT_PAGE_H_
