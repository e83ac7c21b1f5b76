// BindVocabulary() and BindTree() are two steps that turn words into symbols of a vocabulary.
//
// First the vocabulary's own words, then a syntax tree against them. A word that nobody defined,
// and a rule that could not mean what it says (a show without a basis, an override that opens
// content), is reported with its place; what was bound is then of no use. Internal to the room;
// pure.

#ifndef SIGNPOST_POLICY_ENGINE_BIND_H_
#define SIGNPOST_POLICY_ENGINE_BIND_H_

#include <vector>

#include "policy/engine/program.h"
#include "policy/text/syntax.h"
#include "policy/vocabulary.h"

namespace signpost::policy {

// Fills the symbols and the data of agencies, teams, services and assessments of `impl`, which must
// be as constructed. Faults are reported on line 0, which is the vocabulary.
void BindVocabulary(const Vocabulary& vocabulary, PolicyImpl& impl,
                    syntax::Diagnostics& diagnostics);

// Fills the rest of `impl` but for its engine and its content id, and `checks`. The tree's examples
// are not looked at: they are asked of the whole policy (policy/analysis/examples.h).
//
// REQUIRES: BindVocabulary() filled `impl` from the same vocabulary and reported nothing.
void BindTree(const syntax::Policy& tree, const Vocabulary& vocabulary, PolicyImpl& impl,
              std::vector<BoundCheck>& checks, syntax::Diagnostics& diagnostics);

}  // namespace signpost::policy

#endif  // SIGNPOST_POLICY_ENGINE_BIND_H_
