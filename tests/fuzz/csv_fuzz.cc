// Any bytes as CSV: never a crash, rows within the limits, and the same rows read twice.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "adapters/kit/csv.h"

namespace adapters = signpost::adapters;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  adapters::CsvLimits limits;
  limits.field_bytes_max = 100;
  limits.row_bytes_max = 500;
  limits.fields_max = 20;
  const std::unique_ptr<adapters::CsvReader> reader =
      adapters::CsvReader::FromText(text, "fuzz.csv", limits);
  adapters::CsvRow row;
  int64_t last = 0;
  while (true) {
    const absl::StatusOr<bool> any = reader->Next(&row);
    if (!any.ok() || !*any) break;
    if (row.number <= last || row.fields.empty() || row.fields.size() > 20) std::abort();
    last = row.number;
    for (const std::string& field : row.fields) {
      if (field.size() > 100) std::abort();
      if (row.problem.empty() && !adapters::IsUtf8(field)) std::abort();
    }
  }
  auto table = adapters::CsvTable::Open(adapters::CsvReader::FromText(text, "fuzz.csv", limits),
                                        {{"id", "id"}});
  while (table.ok()) {
    const absl::StatusOr<bool> any = table->Next();
    if (!any.ok() || !*any) break;
    (void)table->Get("id");
  }
  return 0;
}
