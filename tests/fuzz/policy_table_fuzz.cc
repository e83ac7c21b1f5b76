// A table comes back from a spreadsheet: whatever the bytes, FromCsv() answers with rows or with
// faults; what it took, it takes again as it wrote it; and no cell begins a block of its own.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "policy/policy.h"
#include "policy/text/syntax.h"
#include "policy/text/table.h"
#include "tests/policy/nortown.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace signpost::policy;
  const CsvResult read = FromCsv(absl::string_view(reinterpret_cast<const char*>(data), size));
  if (read.diagnostics.size() > static_cast<size_t>(kDiagnosticsMax)) std::abort();
  for (const Diagnostic& diagnostic : read.diagnostics) {
    if (diagnostic.line < 0 || diagnostic.message.empty()) std::abort();
  }
  if (!read.ok()) return 0;
  for (const TableRow& row : read.rows) {
    for (const std::string& cell : {row.block, row.id, row.title, row.what, row.who, row.more}) {
      if (cell.find('\n') != std::string::npos) std::abort();
    }
  }

  const std::string csv = ToCsv(read.rows);
  const CsvResult again = FromCsv(csv);
  if (!again.ok() || again.rows.size() != read.rows.size()) std::abort();
  if (ToCsv(again.rows) != csv) std::abort();

  // As many blocks as there are rows that may begin one, and the ends of agreements.
  const std::string text = FromTable(read.rows);
  syntax::Diagnostics diagnostics;
  size_t blocks = 0;
  for (const syntax::Piece& piece : syntax::Pieces(text, diagnostics)) {
    if (piece.begins_block && text.compare(piece.begin, piece.end - piece.begin, "end") != 0) {
      ++blocks;
    }
  }
  if (blocks > read.rows.size()) std::abort();

  static const Vocabulary vocabulary = testing::NortownVocabulary();
  CompileOptions options;
  options.check_cells_max = 20'000;
  const CompileResult result = Compile(text, vocabulary, options);
  if (result.ok() != result.diagnostics.empty()) std::abort();
  return 0;
}
