#include "policy/engine/program.h"

#include "policy/engine/tri.h"

namespace signpost::policy {

Symbol SymbolTable::Intern(const std::string& word) {
  const auto [it, added] = symbols_.try_emplace(word, static_cast<Symbol>(words_.size()));
  if (added) words_.push_back(word);
  return it->second;
}

Symbol SymbolTable::Find(absl::string_view word) const {
  const auto it = symbols_.find(word);
  return it == symbols_.end() ? kNoSymbol : it->second;
}

const std::string& SymbolTable::Word(Symbol symbol) const {
  return words_[symbol < words_.size() ? symbol : kNoSymbol];
}

void SymbolSet::Add(Symbol symbol) {
  if (symbol >= bits_.size()) bits_.resize(static_cast<size_t>(symbol) + 1, 0);
  if (bits_[symbol] == 0) ++count_;
  bits_[symbol] = 1;
}

Tri SymbolSet::Admits(Symbol symbol) const {
  if (empty()) return Tri::kYes;
  return symbol == kNoSymbol ? Tri::kUnknown : Known(Has(symbol));
}

}  // namespace signpost::policy
