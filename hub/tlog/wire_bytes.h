// These are codecs that read and write wire bytes by hand: what little of them an entry's
// verification needs. Private to this room. Pure functions, thread-safe.

#ifndef SIGNPOST_HUB_TLOG_WIRE_BYTES_H_
#define SIGNPOST_HUB_TLOG_WIRE_BYTES_H_

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"

namespace signpost::tlog {

enum WireType : uint32_t { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };

// One field: its number, how it is written, and its value in the member that fits.
struct WireField {
  uint64_t field = 0;
  uint32_t type = kVarint;
  uint64_t number = 0;      // kVarint
  absl::string_view bytes;  // kBytes; into what was read
};

// Takes the next field off the front of `bytes`. False, with `bytes` in no particular state, when
// they are not well-formed. REQUIRES: `bytes` is not empty.
bool TakeField(absl::string_view* bytes, WireField* field);

void AppendVarint(uint64_t value, std::string& bytes);
void AppendNumberField(uint64_t field, uint64_t value, std::string& bytes);
void AppendBytesField(uint64_t field, absl::string_view value, std::string& bytes);

}  // namespace signpost::tlog

#endif  // SIGNPOST_HUB_TLOG_WIRE_BYTES_H_
