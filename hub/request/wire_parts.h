// WireParts is a writer of one protobuf message, field by field, straight into the bytes that are sent.
//
// An answer is a tree of some fifty small messages that are made, serialised once and dropped. Made as
// objects they cost several times what their bytes cost, so the door writes the bytes. Fields are named
// by the constants that protoc generates (v1::FlagView::kFlagIdFieldNumber). As in proto3, a field that
// is added twice is a list of two where it is repeated and the second value where it is not, and what
// is zero or empty is left out: Text(), Number() and Date() do so, Message() and Timestamp() do not.
//
// Not thread-safe; no errors. REQUIRES of all: `field` has a type that the function is for.

#ifndef SIGNPOST_HUB_REQUEST_WIRE_PARTS_H_
#define SIGNPOST_HUB_REQUEST_WIRE_PARTS_H_

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "google/protobuf/message_lite.h"

namespace signpost::request {

class WireParts {
 public:
  // Appends to `out`, which is not owned and must outlive it.
  explicit WireParts(std::string* out) : out_(out) {}

  // string, bytes or a packed list of numbers; empty: nothing.
  void Text(int field, absl::string_view value) {
    if (!value.empty()) Message(field, value);
  }
  // bool, enum, int32 or int64 that is not negative; 0: nothing.
  void Number(int field, uint64_t value);
  // A message that is serialised already, or a string of a list. One without content is there all the
  // same.
  void Message(int field, absl::string_view serialised);
  void Message(int field, const google::protobuf::MessageLite& message);
  // google.protobuf.Timestamp, of whole seconds since 1970, not before.
  void Timestamp(int field, int64_t unix_s);
  // signpost.v1.Date from yyyymmdd; 0: nothing.
  void Date(int field, int32_t yyyymmdd);

 private:
  std::string* const out_;
};

}  // namespace signpost::request

#endif  // SIGNPOST_HUB_REQUEST_WIRE_PARTS_H_
