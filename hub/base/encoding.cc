#include "hub/base/encoding.h"

#include <array>
#include <cstdint>

#include "absl/numeric/int128.h"
#include "hub/base/check.h"
#include "hub/base/error.h"

namespace signpost::base {
namespace {

constexpr char kHexDigits[] = "0123456789abcdef";
constexpr char kBase64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr char kBase64Url[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
// The last five stand only as check characters.
constexpr char kCrockford[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ*~$=U";
constexpr size_t kCrockford16Digits = 26;

// Value of each character in `alphabet`, -1 where it has none.
template <size_t N>
constexpr std::array<int8_t, 256> Reverse(const char (&alphabet)[N], size_t size) {
  std::array<int8_t, 256> values{};
  for (int8_t& value : values) value = -1;
  for (size_t i = 0; i < size; ++i) {
    values[static_cast<unsigned char>(alphabet[i])] = static_cast<int8_t>(i);
  }
  return values;
}
constexpr std::array<int8_t, 256> kBase64Values = Reverse(kBase64, 64);
constexpr std::array<int8_t, 256> kBase64UrlValues = Reverse(kBase64Url, 64);
constexpr std::array<int8_t, 256> kCrockfordValues = Reverse(kCrockford, 32);

int ValueOf(const std::array<int8_t, 256>& values, char c) {
  return values[static_cast<unsigned char>(c)];
}

int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string Encode64(absl::string_view bytes, const char* alphabet, bool pad) {
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  uint32_t buffer = 0;
  int bits = 0;
  for (char c : bytes) {
    buffer = (buffer << 8) | static_cast<unsigned char>(c);
    for (bits += 8; bits >= 6; bits -= 6) text.push_back(alphabet[(buffer >> (bits - 6)) & 63]);
  }
  if (bits > 0) text.push_back(alphabet[(buffer << (6 - bits)) & 63]);
  while (pad && text.size() % 4 != 0) text.push_back('=');
  return text;
}

// `digits` without padding.
absl::StatusOr<std::string> Decode64(absl::string_view digits,
                                     const std::array<int8_t, 256>& values) {
  if (digits.size() % 4 == 1) return InvalidField("text", "is not base64: it is cut short");
  std::string bytes;
  bytes.reserve(digits.size() * 3 / 4);
  uint32_t buffer = 0;
  int bits = 0;
  for (char c : digits) {
    const int value = ValueOf(values, c);
    if (value < 0) return InvalidField("text", "is not base64: it holds another character");
    buffer = (buffer << 6) | static_cast<uint32_t>(value);
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      bytes.push_back(static_cast<char>((buffer >> bits) & 0xff));
    }
  }
  if ((buffer & ((1u << bits) - 1)) != 0) {
    return InvalidField("text", "is not base64 as we write it: spare bits are set");
  }
  return bytes;
}

}  // namespace

std::string HexEncode(absl::string_view bytes) {
  std::string text;
  text.reserve(bytes.size() * 2);
  for (char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    text.push_back(kHexDigits[byte >> 4]);
    text.push_back(kHexDigits[byte & 15]);
  }
  return text;
}

absl::StatusOr<std::string> HexDecode(absl::string_view text) {
  if (text.size() % 2 != 0) return InvalidField("text", "is not hex: the number of digits is odd");
  std::string bytes;
  bytes.reserve(text.size() / 2);
  for (size_t i = 0; i < text.size(); i += 2) {
    const int high = HexValue(text[i]);
    const int low = HexValue(text[i + 1]);
    if (high < 0 || low < 0) return InvalidField("text", "is not hex: it holds another character");
    bytes.push_back(static_cast<char>(high * 16 + low));
  }
  return bytes;
}

std::string Base64Encode(absl::string_view bytes) { return Encode64(bytes, kBase64, true); }

absl::StatusOr<std::string> Base64Decode(absl::string_view text) {
  if (text.size() % 4 != 0) return InvalidField("text", "is not base64: padding is missing");
  for (int i = 0; i < 2 && !text.empty() && text.back() == '='; ++i) text.remove_suffix(1);
  return Decode64(text, kBase64Values);
}

std::string Base64UrlEncode(absl::string_view bytes) { return Encode64(bytes, kBase64Url, false); }

absl::StatusOr<std::string> Base64UrlDecode(absl::string_view text) {
  return Decode64(text, kBase64UrlValues);
}

std::string Crockford16Encode(absl::string_view bytes) {
  CHECK(bytes.size() == 16);
  absl::uint128 number = 0;
  for (char c : bytes) number = (number << 8) | static_cast<unsigned char>(c);
  std::string text(kCrockford16Digits, '0');
  for (size_t i = kCrockford16Digits; i-- > 0; number >>= 5) {
    text[i] = kCrockford[static_cast<size_t>(number & 31)];
  }
  return text;
}

absl::StatusOr<std::string> Crockford16Decode(absl::string_view text) {
  const std::string digits = CrockfordCanonical(text);
  if (digits.size() != kCrockford16Digits) {
    return InvalidField("text", "does not have 26 letters and digits");
  }
  absl::uint128 number = 0;
  for (size_t i = 0; i < digits.size(); ++i) {
    const int value = ValueOf(kCrockfordValues, digits[i]);
    // The first character holds three bits only.
    if (value < 0 || (i == 0 && value > 7)) {
      return InvalidField("text", "holds a character that cannot stand there");
    }
    number = (number << 5) | static_cast<uint64_t>(value);
  }
  std::string bytes(16, '\0');
  for (size_t i = bytes.size(); i-- > 0; number >>= 8) {
    bytes[i] = static_cast<char>(static_cast<unsigned char>(number & 0xff));
  }
  return bytes;
}

char CrockfordCheckCharacter(absl::string_view digits) {
  int remainder = 0;
  for (char c : digits) {
    const int value = ValueOf(kCrockfordValues, c);
    CHECK(value >= 0);
    remainder = (remainder * 32 + value) % 37;
  }
  return kCrockford[remainder];
}

std::string CrockfordCanonical(absl::string_view text) {
  std::string canonical;
  canonical.reserve(text.size());
  for (char c : text) {
    if (c == '-' || c == ' ') continue;
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    if (c == 'O') c = '0';
    if (c == 'I' || c == 'L') c = '1';
    canonical.push_back(c);
  }
  return canonical;
}

}  // namespace signpost::base
