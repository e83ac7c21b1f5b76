// Any text as a page token: nothing that a stranger can write is taken for one of the hub's, and
// what the hub made reads back for the same question and for no other.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "hub/base/crypto.h"
#include "hub/oversight/search.h"

namespace base = signpost::base;
namespace oversight = signpost::oversight;
namespace v1 = signpost::v1;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  // Nobody knows it, so a good token under it would be a forgery.
  static const base::SecretKey key = *base::SecretKey::FromBytes(std::string(32, '\x5a'));
  static const base::SecretKey other = *base::SecretKey::FromBytes(std::string(32, '\x5b'));
  const std::string text(reinterpret_cast<const char*>(data), size);
  base::Principal auditor;
  auditor.agency_id = "nortown-audit";
  auditor.system_id = "spiffe://nortown.example/agency/nortown-audit/system/auditor";
  v1::SearchEntriesRequest request;
  request.mutable_filter()->set_rule(text.substr(0, size / 2));

  request.set_page_token(text);
  if (oversight::ReadPageToken(key, auditor, request).ok()) std::abort();

  oversight::PagePlace place;
  for (const uint8_t byte : text) place.ledger_size = place.ledger_size << 8 | byte;
  place.position = size == 0 ? 0 : place.ledger_size / size;
  const std::string token = oversight::PageToken(key, auditor, request, place);
  request.set_page_token(token);
  const auto read = oversight::ReadPageToken(key, auditor, request);
  if (!read.ok() || !(*read == place)) std::abort();
  if (oversight::ReadPageToken(other, auditor, request).ok()) std::abort();
  base::Principal another = auditor;
  another.practitioner_id = "x";
  if (oversight::ReadPageToken(key, another, request).ok()) std::abort();
  // One character changed, by what the input says.
  if (size > 0) {
    std::string changed = token;
    char& c = changed[data[0] % changed.size()];
    c = c == 'A' ? 'B' : 'A';
    request.set_page_token(changed);
    if (oversight::ReadPageToken(key, auditor, request).ok()) std::abort();
  }
  return 0;
}
