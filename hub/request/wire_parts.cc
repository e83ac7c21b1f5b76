#include "hub/request/wire_parts.h"

#include <array>

#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/wire_format_lite.h"

namespace signpost::request {
namespace {

using google::protobuf::internal::WireFormatLite;
using google::protobuf::io::CodedOutputStream;

constexpr size_t kVarintBytesMax = 10;
// Of the only fields in a Timestamp of whole seconds, and in a Date.
constexpr int kSecondsField = 1;
constexpr int kYearField = 1;
constexpr int kMonthField = 2;
constexpr int kDayField = 3;

// A tag and one number behind it.
class Head {
 public:
  Head(int field, WireFormatLite::WireType type, uint64_t number) {
    end_ = CodedOutputStream::WriteVarint32ToArray(WireFormatLite::MakeTag(field, type),
                                                   bytes_.data());
    end_ = CodedOutputStream::WriteVarint64ToArray(number, end_);
  }
  absl::string_view bytes() const {
    return {reinterpret_cast<const char*>(bytes_.data()),
            static_cast<size_t>(end_ - bytes_.data())};
  }

 private:
  std::array<uint8_t, 2 * kVarintBytesMax> bytes_;
  uint8_t* end_;
};

void Append(absl::string_view bytes, std::string* out) { out->append(bytes.data(), bytes.size()); }

}  // namespace

void WireParts::Number(int field, uint64_t value) {
  if (value == 0) return;
  Append(Head(field, WireFormatLite::WIRETYPE_VARINT, value).bytes(), out_);
}

void WireParts::Message(int field, absl::string_view serialised) {
  Append(Head(field, WireFormatLite::WIRETYPE_LENGTH_DELIMITED, serialised.size()).bytes(), out_);
  Append(serialised, out_);
}

void WireParts::Message(int field, const google::protobuf::MessageLite& message) {
  Append(Head(field, WireFormatLite::WIRETYPE_LENGTH_DELIMITED, message.ByteSizeLong()).bytes(),
         out_);
  message.AppendToString(out_);
}

void WireParts::Timestamp(int field, int64_t unix_s) {
  Message(
      field,
      Head(kSecondsField, WireFormatLite::WIRETYPE_VARINT, static_cast<uint64_t>(unix_s)).bytes());
}

void WireParts::Date(int field, int32_t yyyymmdd) {
  if (yyyymmdd == 0) return;
  std::string date;
  WireParts parts(&date);
  parts.Number(kYearField, static_cast<uint64_t>(yyyymmdd / 10000));
  parts.Number(kMonthField, static_cast<uint64_t>(yyyymmdd / 100 % 100));
  parts.Number(kDayField, static_cast<uint64_t>(yyyymmdd % 100));
  Message(field, date);
}

}  // namespace signpost::request
