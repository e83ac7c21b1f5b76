#include "policy/text/tokens.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "policy/limits.h"

namespace signpost::policy::syntax {
namespace {

bool IsWordByte(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '_';
}

// What a word processor puts in the place of what was typed.
struct Foreign {
  const char* bytes;
  const char* says;
};
constexpr char kByteOrderMark[] = "\xEF\xBB\xBF";
constexpr char kOpeningQuote[] = "\xE2\x80\x9C";
constexpr char kClosingQuote[] = "\xE2\x80\x9D";
constexpr Foreign kForeign[] = {
    {kByteOrderMark,
     "this is a byte-order mark, as Word and Notepad write it before a text; where it is the first "
     "of the file, save that as plain UTF-8 without one, and take it out anywhere else"},
    {kOpeningQuote, "this is a curly quote, as Word writes it; type a straight one: \""},
    {kClosingQuote, "this is a curly quote, as Word writes it; type a straight one: \""},
    {"\xE2\x80\x98", "this is a curly apostrophe, as Word writes it, and has no meaning here"},
    {"\xE2\x80\x99", "this is a curly apostrophe, as Word writes it, and has no meaning here"},
    {"\xE2\x80\x93", "this is a dash, as Word writes it; type a hyphen: -"},
    {"\xE2\x80\x94", "this is a dash, as Word writes it; type a hyphen: -"},
    {"\xC2\xA0", "this is a no-break space, as Word writes it; type an ordinary one"},
};
// Which of these stands first in `text`, or nullptr.
const Foreign* ForeignAt(absl::string_view text) {
  for (const Foreign& one : kForeign) {
    if (absl::StartsWith(text, one.bytes)) return &one;
  }
  return nullptr;
}

bool WithinTextBytes(absl::string_view text, Diagnostics& diagnostics) {
  if (text.size() <= kPolicyTextBytesMax) return true;
  Word at;
  at.line = 1;
  at.column = 1;
  diagnostics.Add(at, absl::StrCat("a policy text has at most ", kPolicyTextBytesMax, " bytes"));
  return false;
}

// Every word with a meaning in the language: no vocabulary may use it.
const std::set<std::string>& Keywords() {
  // clang-format off
  static const auto* const words = new std::set<std::string>{
      "policy", "version", "in", "force", "approved", "by", "where", "no", "rule", "group",
      "show", "shows", "hide", "broker", "never", "record", "of", "held", "to", "from", "when",
      "unless", "basis", "then", "an", "a", "the", "override", "may", "lift", "lifts", "this",
      "agreement", "between", "and", "or", "until", "review", "end", "chooses", "opens",
      "grounds", "example", "check", "except", "only", "is", "not", "consent", "purpose",
      "worker", "person", "flag", "everything", "anything", "everyone", "members", "member",
      "systems", "system", "on", "one", "sees", "learns", "without", "existence", "agency",
      "contact", "content", "share-onward", "holder", "practitioner", "practitioners",
      "relevant-authority", "marked-sensitive", "involved", "for", "section", "missing",
      "default", "has", "any", "explicit", "refused", "withdrawn", "expired", "asked", "shielded",
      "open", "item", "closed", "disputed", "newly", "team",
  };
  // clang-format on
  return *words;
}

}  // namespace

std::vector<Token> Tokenise(absl::string_view text, Diagnostics& diagnostics) {
  std::vector<Token> tokens;
  if (!WithinTextBytes(text, diagnostics)) text = absl::string_view();
  int line = 1;
  size_t line_start = 0;
  bool first = true;
  size_t i = 0;
  const auto place = [&](size_t at) {
    Word word;
    word.line = line;
    word.column = static_cast<int>(at - line_start) + 1;
    return word;
  };
  while (i < text.size() && !diagnostics.full()) {
    const char c = text[i];
    if (c == '\n') {
      ++line;
      line_start = ++i;
      first = true;
      continue;
    }
    if (c == ' ' || c == '\t' || c == '\r') {
      ++i;
      continue;
    }
    if (c == '#') {
      while (i < text.size() && text[i] != '\n') ++i;
      continue;
    }
    Token token;
    token.word = place(i);
    token.first_on_line = first;
    first = false;
    const size_t start = i;
    if (c == '"') {
      ++i;
      while (i < text.size() && text[i] != '"' && text[i] != '\n') ++i;
      if (i >= text.size() || text[i] != '"') {
        diagnostics.Add(token.word, "a quoted text must end on the line it starts on");
        continue;
      }
      token.kind = Kind::kString;
      token.word.text = std::string(text.substr(start + 1, i - start - 1));
      ++i;
      if (token.word.text.size() > kStringBytesMax) {
        token.word.text.resize(kStringBytesMax);
        diagnostics.Add(token.word,
                        absl::StrCat("a quoted text has at most ", kStringBytesMax, " bytes"));
      }
      // Titles reach workers' screens and logs: no control bytes.
      for (char& byte : token.word.text) {
        if (absl::ascii_iscntrl(static_cast<unsigned char>(byte))) {
          diagnostics.Add(token.word, "a quoted text has no control characters");
          break;
        }
      }
    } else if (c == '-' && i + 1 < text.size() && text[i + 1] == '>') {
      token.kind = Kind::kMark;
      token.word.text = "->";
      i += 2;
    } else if (c == ',' || c == ';' || c == ':' || c == '=') {
      token.kind = Kind::kMark;
      token.word.text = std::string(1, c);
      ++i;
    } else if (IsWordByte(c)) {
      // "->" ends a word: `content->hide` is three tokens.
      while (i < text.size() && IsWordByte(text[i]) &&
             !(text[i] == '-' && i + 1 < text.size() && text[i + 1] == '>')) {
        ++i;
      }
      token.kind = Kind::kWord;
      token.word.text = std::string(text.substr(start, std::min(i - start, kWordBytesMax)));
      if (i - start > kWordBytesMax) {
        diagnostics.Add(token.word, absl::StrCat("a word has at most ", kWordBytesMax, " bytes"));
      }
    } else if (const Foreign* const foreign = ForeignAt(text.substr(i)); foreign != nullptr) {
      diagnostics.Add(token.word, foreign->says);
      i += absl::string_view(foreign->bytes).size();
      if (foreign->bytes != kOpeningQuote) continue;
      // The text was meant to be quoted, and is read so, lest one fault be told as many.
      const size_t line_end = std::min(text.find('\n', i), text.size());
      const size_t close = std::min({text.find(kClosingQuote, i), text.find('"', i), line_end});
      token.kind = Kind::kString;
      token.word.text = std::string(text.substr(i, std::min(close - i, kStringBytesMax)));
      i = close == line_end ? close : close + (text[close] == '"' ? 1 : 3);
    } else {
      token.word.text = absl::ascii_isprint(static_cast<unsigned char>(c)) ? std::string(1, c) : "";
      diagnostics.Add(token.word, "this character has no meaning here");
      // One report for a run of strange bytes.
      while (i < text.size() && text[i] != '\n' && text[i] != ' ') ++i;
      continue;
    }
    token.begin = start;
    token.end = i;
    tokens.push_back(std::move(token));
  }
  Token end;
  end.kind = Kind::kEnd;
  end.word = place(text.size());
  end.word.text = "";
  end.first_on_line = true;
  tokens.push_back(std::move(end));
  return tokens;
}

bool BeginsBlock(const Token& token) {
  if (token.kind == Kind::kEnd) return true;
  return token.kind == Kind::kWord && token.first_on_line && MayBeginBlock(token.word.text);
}

bool IsReserved(absl::string_view word) { return Keywords().count(std::string(word)) > 0; }

bool MayBeginBlock(absl::string_view word) {
  return word == "policy" || word == "where" || word == "group" || word == "rule" ||
         word == "agreement" || word == "end" || word == "override" || word == "example" ||
         word == "check";
}

std::vector<Piece> Pieces(absl::string_view text, Diagnostics& diagnostics) {
  std::vector<Piece> pieces;
  for (const Token& token : Tokenise(text, diagnostics)) {
    if (token.kind == Kind::kEnd) break;
    pieces.push_back({token.begin, token.end, BeginsBlock(token)});
  }
  return pieces;
}

}  // namespace signpost::policy::syntax
