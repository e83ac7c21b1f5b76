#include "hub/matching/normalise.h"

#include <unicode/bytestream.h>
#include <unicode/translit.h>
#include <unicode/unistr.h>

#include <algorithm>
#include <array>
#include <utility>

#include "hub/base/error.h"

namespace signpost::matching {
namespace {

template <size_t N>
bool OneOf(const std::string& token, const std::array<const char*, N>& words) {
  return std::any_of(words.begin(), words.end(),
                     [&token](const char* word) { return token == word; });
}

// Stripped wherever they stand first and something follows.
constexpr std::array<const char*, 13> kTitles = {
    "MR", "MRS", "MISS", "MS", "MX", "DR", "REV", "SIR", "MASTER", "PROF", "LADY", "LORD", "DAME"};
// Titles that are nobody's name, even alone.
constexpr std::array<const char*, 4> kOnlyTitles = {"MR", "MRS", "MS", "MX"};
// Words that stand where a name is not known.
constexpr std::array<const char*, 6> kPlaceholders = {"BABY",   "UNKNOWN", "UNBORN",
                                                      "INFANT", "UNK",     "NK"};
constexpr std::array<const char*, 5> kAfterBaby = {"BOY", "GIRL", "MALE", "FEMALE", "OF"};
constexpr std::array<const char*, 10> kOrdinals = {"ONE", "TWO", "THREE", "1",  "2",
                                                   "3",   "A",   "B",     "II", "I"};
// Placeholders only when they are the whole name.
constexpr std::array kWholePlaceholders = {
    "N A",       "NOT KNOWN", "NOT RECORDED", "NOT STATED", "NOT GIVEN", "NO NAME", "NO FIRST NAME",
    "NONE",      "X",         "XX",           "XXX",        "XXXX",      "YY",      "ZZ",
    "ZZZ",       "TBC",       "TBA",          "TBD",        "NIL",       "TEST",    "TESTING",
    "DUMMY",     "NEWBORN",   "NEW BORN",     "BOY",        "GIRL",      "FOETUS",  "ANON",
    "ANONYMOUS", "UNNAMED"};

// One round; whether anything went.
bool StripOnce(NameTokens* tokens) {
  NameTokens kept;
  for (size_t i = 0; i < tokens->size(); ++i) {
    const std::string& token = (*tokens)[i];
    const std::string* next = i + 1 < tokens->size() ? &(*tokens)[i + 1] : nullptr;
    if (OneOf(token, kPlaceholders)) {
      if (token == "BABY" && next != nullptr && OneOf(*next, kAfterBaby)) ++i;
      if (token == "UNBORN" && next != nullptr && *next == "CHILD") ++i;
      continue;
    }
    if (token == "TWIN" || token == "TRIPLET") {
      if (next != nullptr && OneOf(*next, kOrdinals)) ++i;
      continue;
    }
    kept.push_back(token);
  }
  while (kept.size() > 1 && OneOf(kept.front(), kTitles)) kept.erase(kept.begin());
  if (kept.size() == 1 && OneOf(kept.front(), kOnlyTitles)) kept.clear();
  // A single letter is an initial at best: half of a school shares it.
  if (OneOf(Joined(kept), kWholePlaceholders) || (kept.size() == 1 && kept.front().size() == 1)) {
    kept.clear();
  }
  const bool changed = kept.size() != tokens->size();
  *tokens = std::move(kept);
  return changed;
}

bool IsAscii(absl::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

// From upper or lower case ASCII with leftovers to tokens.
NameTokens Tokens(absl::string_view text) {
  NameTokens tokens;
  std::string token;
  int brackets = 0;
  const auto end_token = [&] {
    if (!token.empty()) tokens.push_back(std::move(token));
    token.clear();
  };
  for (char c : text) {
    if (c == '(' || c == '[' || c == '{') {
      ++brackets;
      end_token();
    } else if (c == ')' || c == ']' || c == '}') {
      if (brackets > 0) --brackets;
      end_token();
    } else if (brackets > 0) {
      continue;
    } else if (c >= 'a' && c <= 'z') {
      token.push_back(static_cast<char>(c - 'a' + 'A'));
    } else if ((c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')) {
      token.push_back(c);
    } else if (c == '\'' || c == '`' || static_cast<unsigned char>(c) >= 0x80) {
      // Apostrophes join: O'BRIEN is OBRIEN. What ICU could not spell in ASCII vanishes.
      continue;
    } else {
      end_token();
    }
  }
  end_token();
  return tokens;
}

}  // namespace

// ICU's transliterators keep no state between calls and may be shared by threads.
struct Normaliser::Impl {
  std::unique_ptr<icu::Transliterator> transliterator;
};

Normaliser::Normaliser(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Normaliser::~Normaliser() = default;

absl::StatusOr<std::unique_ptr<Normaliser>> Normaliser::Create() {
  UErrorCode error = U_ZERO_ERROR;
  auto impl = std::make_unique<Impl>();
  impl->transliterator.reset(icu::Transliterator::createInstance(
      icu::UnicodeString::fromUTF8("NFKC; Any-Latin; Latin-ASCII; Upper"), UTRANS_FORWARD, error));
  if (U_FAILURE(error) || impl->transliterator == nullptr) {
    return base::Error(base::Reason::kInternal,
                       "ICU's transliteration data is missing; install the full libicu package");
  }
  return std::unique_ptr<Normaliser>(new Normaliser(std::move(impl)));
}

NameTokens Normaliser::Name(absl::string_view name) const {
  NameTokens tokens;
  if (IsAscii(name)) {
    tokens = Tokens(name);
  } else {
    icu::UnicodeString text = icu::UnicodeString::fromUTF8(
        icu::StringPiece(name.data(), static_cast<int32_t>(name.size())));
    impl_->transliterator->transliterate(text);
    std::string ascii;
    text.toUTF8String(ascii);
    tokens = Tokens(ascii);
  }
  while (StripOnce(&tokens)) {
  }
  if (tokens.size() > kNameTokensMax) tokens.resize(kNameTokensMax);
  // Cutting may leave a placeholder that was safe within the whole.
  while (StripOnce(&tokens)) {
  }
  return tokens;
}

std::string Joined(const NameTokens& tokens) {
  std::string joined;
  for (const std::string& token : tokens) {
    if (!joined.empty()) joined.push_back(' ');
    joined.append(token);
  }
  return joined;
}

}  // namespace signpost::matching
