// Any bytes as a filter and as an entry: a filter that is taken keeps to its bounds, and whatever
// an entry holds, each form has one line of it that its readers can read.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "hub/audit/export.h"
#include "hub/audit/filter.h"
#include "nlohmann/json.hpp"

namespace audit = signpost::audit;
namespace v1 = signpost::v1;

namespace {

void Require(bool held) {
  if (!held) std::abort();
}

bool IsJsonLine(const std::string& line) {
  return line.find('\n') == std::string::npos && nlohmann::json::accept(line);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  const auto exported = audit::ReadForExport(bytes, bytes.substr(0, 20));
  v1::EntryFilter wire;
  if (wire.ParseFromString(bytes)) {
    const auto filter = audit::Filter::Create(wire);
    if (filter.ok()) {
      Require(filter->from_us() < filter->until_us());
      Require(wire.request_hash().empty() || wire.request_hash().size() == 16);
      Require(wire.request_id().empty());
      if (exported.ok() && filter->Matches(exported->entry)) {
        const int64_t us = exported->entry.sequenced_at_us();
        Require(us >= filter->from_us());
        Require(us < filter->until_us() || !wire.has_until());
      }
    }
  }
  if (!exported.ok()) return 0;
  Require(audit::Filter::Create(v1::EntryFilter())->Matches(exported->entry));

  std::string line = audit::JsonLine(*exported);
  Require(!line.empty() && line.back() == '\n');
  line.pop_back();
  Require(IsJsonLine(line));
  Require(IsJsonLine(audit::FhirAuditEvent(*exported)));

  const std::string xml = audit::AtnaMessage(*exported);
  for (const char c : xml) Require(static_cast<unsigned char>(c) >= 0x20);
  Require(audit::CleanText(xml) == xml);
  // Every bracket is ours: as many open as close.
  int open = 0;
  for (const char c : xml) {
    if (c == '<') Require(++open == 1);
    if (c == '>') Require(--open == 0);
  }
  Require(open == 0);

  const std::string csv = audit::CsvRecord(*exported);
  Require(csv.size() > 2 && csv.compare(csv.size() - 2, 2, "\r\n") == 0);
  size_t quotes = 0;
  for (const char c : csv) quotes += c == '"' ? 1 : 0;
  Require(quotes % 2 == 0);
  return 0;
}
