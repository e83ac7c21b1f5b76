#include "policy/text/format.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/strings/str_cat.h"
#include "policy/limits.h"
#include "policy/text/syntax.h"

namespace signpost::policy {
namespace {

constexpr int kIndent = 2;

struct Comment {
  std::string text;  // from '#', without blanks at its end
  bool blank_before = false;
  bool at_margin = false;  // in column 1
};

// A word, quoted text or mark, with the comments around it.
struct Token {
  std::string text;  // as written, quotes included
  bool tight = false;
  bool begins_block = false;
  bool blank_before = false;
  std::vector<Comment> above;  // on lines of their own, since the token before
  std::string beside;          // on the token's own line
};

struct Source {
  std::vector<Token> tokens;
  std::vector<Comment> below;  // after the last token
};

bool IsOneOf(absl::string_view word, std::initializer_list<absl::string_view> words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

std::string WithoutBlanksAtEnd(absl::string_view text) {
  const size_t last = text.find_last_not_of(" \t\r");
  return std::string(text.substr(0, last == absl::string_view::npos ? 0 : last + 1));
}

// The tokens are the parser's own; what lies between two of them is blanks and comments.
Source Read(absl::string_view text, const std::vector<syntax::Piece>& pieces) {
  Source source;
  size_t at = 0;
  std::vector<Comment> comments;
  bool fresh_line = true;  // no token yet on this line
  int breaks = 0;          // since the last token or comment
  const auto skip_to = [&](size_t end) {
    while (at < end) {
      if (text[at] == '\n') {
        ++breaks;
        fresh_line = true;
        ++at;
      } else if (text[at] == '#') {
        const size_t stop = std::min(text.find('\n', at), text.size());
        std::string words = WithoutBlanksAtEnd(text.substr(at, stop - at));
        if (fresh_line) {
          const bool at_margin = at == 0 || text[at - 1] == '\n';
          comments.push_back({std::move(words), breaks > 1, at_margin});
        } else {
          source.tokens.back().beside = std::move(words);
        }
        breaks = 0;
        at = stop;
      } else {
        ++at;
      }
    }
  };
  for (const syntax::Piece& piece : pieces) {
    skip_to(piece.begin);
    Token token;
    token.text = std::string(text.substr(piece.begin, piece.end - piece.begin));
    token.tight = IsOneOf(token.text, {",", ";", ":"});
    token.begins_block = piece.begins_block;
    token.blank_before = breaks > 1;
    token.above = std::move(comments);
    comments.clear();
    source.tokens.push_back(std::move(token));
    fresh_line = false;
    breaks = 0;
    at = piece.end;
  }
  skip_to(text.size());
  source.below = std::move(comments);
  return source;
}

// Columns a text takes: bytes that do not go on a character of UTF-8.
int Columns(absl::string_view text) {
  return static_cast<int>(
      std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

// Lays blocks out one after the other. It knows the grammar only as far as where a line may begin:
// what it cannot place it leaves on the line, so that a text with a fault is laid out as far as it
// goes.
class Layout {
 public:
  explicit Layout(Source source) : tokens_(std::move(source.tokens)), below_(source.below) {}

  std::string Write() {
    size_t begin = 0;
    while (begin < tokens_.size()) {
      size_t end = begin + 1;
      while (end < tokens_.size() && !tokens_[end].begins_block) ++end;
      Between(tokens_[begin].above, &tokens_[begin]);
      Block(begin, end);
      last_block_ = tokens_[begin].text;
      begin = end;
    }
    Between(below_, nullptr);
    return std::move(out_);
  }

 private:
  const std::string& Text(size_t i) const {
    static const std::string* const none = new std::string;
    return i < tokens_.size() ? tokens_[i].text : *none;
  }

  void Line(int indent, absl::string_view text) {
    absl::StrAppend(&out_, std::string(static_cast<size_t>(indent), ' '), text, "\n");
  }
  void Blank() {
    if (!out_.empty()) out_ += "\n";
  }

  // What stands between the block before and the one that begins with `next` (null: the end).
  void Between(const std::vector<Comment>& comments, const Token* next) {
    const bool first = last_block_.empty();
    bool must = !first && next != nullptr && next->text != "end";
    // Among blocks of one kind, the author's own groups stay.
    if (must && next->text == last_block_ &&
        IsOneOf(last_block_, {"where", "group", "example", "check"})) {
      must = comments.empty() && next->blank_before;
    }
    size_t i = 0;
    // A comment that hangs on to the block before, set in as its lines are, is part of it.
    while (!first && i < comments.size() && !comments[i].at_margin && !comments[i].blank_before) {
      Line(kIndent, comments[i++].text);
    }
    const bool heads = i < comments.size();
    for (; i < comments.size(); ++i) {
      if (comments[i].blank_before || must) Blank();
      must = false;
      Line(0, comments[i].text);
    }
    if (next == nullptr) return;
    const bool kept = next->blank_before && !comments.empty() && (heads || next->text != "end");
    if (must || kept) Blank();
  }

  // ---- One block ----

  void Block(size_t begin, size_t end) {
    const std::string& kind = Text(begin);
    size_t clause = begin;
    for (size_t i = begin + 1; i <= end; ++i) {
      if (i < end && !BeginsClause(kind, begin, i)) continue;
      Clause(clause, i, clause == begin ? 0 : kIndent);
      clause = i;
    }
  }

  bool BeginsClause(const std::string& kind, size_t begin, size_t i) const {
    if (!MayBreakBefore(i)) return false;
    const std::string& word = Text(i);
    const std::string& before = Text(i - 1);
    if (kind == "example") return before == ";";
    if (i < begin + 3) return false;  // kind, id, title
    if (kind == "rule") {
      if (word == "never") return before != ",";  // never record, never show
      if (word == "show") return before != "never";
      if (word == "an") return Text(i + 1) == "override";
      return IsOneOf(word, {"hide", "broker", "when", "unless", "basis", "then"});
    }
    if (kind == "override") {
      if (word == "to") return i == begin + 3;
      if (word == "lifts") return before != "never";
      return IsOneOf(word, {"when", "opens", "grounds", "never", "then"});
    }
    if (kind == "agreement") {
      return IsOneOf(word, {"between", "from"}) || Text(i + 1) == "chooses";
    }
    return false;
  }

  // A word that begins blocks would begin one at the start of a line.
  bool MayBreakBefore(size_t i) const {
    const Token& token = tokens_[i];
    return !token.tight && !syntax::MayBeginBlock(token.text);
  }

  // Tokens [begin, end), which a comment may cut into lines.
  void Clause(size_t begin, size_t end, int indent) {
    size_t from = begin;
    for (size_t i = begin; i < end; ++i) {
      // The comments above a block's first token (alone at the margin) are written already.
      if (i != begin || indent != 0) {
        if (i > from && !tokens_[i].above.empty()) {
          Wrap(begin, from, i, indent);
          from = i;
        }
        const int at = i == begin ? indent : indent + kIndent;
        for (const Comment& comment : tokens_[i].above) Line(at, comment.text);
      }
      if (!tokens_[i].beside.empty()) {
        Wrap(begin, from, i + 1, indent);
        from = i + 1;
      }
    }
    if (from < end) Wrap(begin, from, end, indent);
  }

  // Writes tokens [from, end) of the clause that begins at `clause` as lines of their own.
  void Wrap(size_t clause, size_t from, size_t end, int indent) {
    while (from < end) {
      const int margin = from == clause ? indent : indent + kIndent;
      int width = margin + Columns(Text(from));
      size_t stop = from + 1;
      // Where to break, by how well a break reads there.
      size_t best[3] = {0, 0, 0};
      bool fits = true;
      for (; stop < end; ++stop) {
        const bool may = MayBreakBefore(stop);
        const bool fitted = fits;
        width += Columns(Text(stop)) + (tokens_[stop].tight ? 0 : 1);
        if (width > kFormatColumns) fits = false;
        if (may && (fitted || (best[0] == 0 && best[1] == 0 && best[2] == 0))) {
          best[Reluctance(clause, stop)] = stop;
        }
        if (!fits && (best[0] != 0 || best[1] != 0 || best[2] != 0)) break;
      }
      size_t to = end;
      if (!fits) {
        for (const size_t place : best) {
          if (place == 0) continue;
          to = place;
          break;
        }
      }
      std::string line = Text(from);
      for (size_t i = from + 1; i < to; ++i) {
        absl::StrAppend(&line, tokens_[i].tight ? "" : " ", Text(i));
      }
      if (!tokens_[to - 1].beside.empty()) absl::StrAppend(&line, "  ", tokens_[to - 1].beside);
      Line(margin, line);
      from = to;
    }
  }

  // 0: a break before token `i` is where a reader takes breath; 1: between the entries of a list;
  // 2: elsewhere.
  int Reluctance(size_t clause, size_t i) const {
    const std::string& word = Text(i);
    const std::string& before = Text(i - 1);
    const std::string& after = Text(i + 1);
    const std::string& first = Text(clause);
    const bool states = IsOneOf(first, {"show", "hide", "broker", "never"});
    if (IsOneOf(word, {"->", "when", "unless", "without"})) return 0;
    if (first == "policy") {
      return word == "version" || word == "approved" || (word == "in" && after == "force") ? 0 : 2;
    }
    if (word == "except") return after == "by" ? 0 : 1;
    if (states && IsOneOf(word, {"to", "from", "on"})) return 0;
    if (before == ":") return 0;
    if (word == "and") {
      if (IsOneOf(after, {"consent", "purpose", "worker", "agency", "person", "flag", "item", "the",
                          "a"})) {
        return 0;
      }
      // "explicit and in force" is one thing.
      return IsOneOf(after, {"in", "explicit", "refused", "withdrawn", "expired", "not"}) ? 2 : 1;
    }
    if (before == "," || word == "or" || word == "held") return 1;
    if (states && word == "of") return IsOneOf(before, {"assessment", "content"}) ? 2 : 1;
    return 2;
  }

  std::vector<Token> tokens_;
  std::vector<Comment> below_;
  std::string last_block_;  // first word of the block written last
  std::string out_;
};

}  // namespace

std::string Format(absl::string_view text, std::vector<Diagnostic>* faults) {
  syntax::Diagnostics diagnostics;
  const std::vector<syntax::Piece> pieces = syntax::Pieces(text, diagnostics);
  if (!diagnostics.empty()) {
    if (faults != nullptr) {
      std::vector<Diagnostic> found = diagnostics.Take();
      std::move(found.begin(), found.end(), std::back_inserter(*faults));
    }
    return std::string(text);
  }
  return Layout(Read(text, pieces)).Write();
}

}  // namespace signpost::policy
