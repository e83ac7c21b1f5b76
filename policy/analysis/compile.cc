// Compile(): what a text goes through before it may decide. It is read, bound to the area's
// vocabulary, tried by its own examples and checks, and made into tables.

#include "policy/analysis/compile.h"

#include <algorithm>
#include <memory>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "policy/analysis/examples.h"
#include "policy/analysis/prove.h"
#include "policy/engine/bind.h"
#include "policy/engine/engine.h"
#include "policy/engine/program.h"

namespace signpost::policy {

// Lives during one Compile().
class PolicyCompiler {
 public:
  PolicyCompiler(const Vocabulary& vocabulary, const CompileOptions& options)
      : vocabulary_(vocabulary), options_(options), impl_(std::make_unique<PolicyImpl>()) {
    impl_->content_id = options.content_id;
    BindVocabulary(vocabulary_, *impl_, diagnostics_);
  }

  CompileResult Run(absl::string_view text) {
    // Against a faulty vocabulary half the words of the text would be faults, too.
    if (!diagnostics_.empty()) return Finish();
    return Bind(syntax::Parse(text, vocabulary_, diagnostics_));
  }

  CompileResult Run(syntax::Policy tree) {
    if (!diagnostics_.empty()) return Finish();
    return Bind(std::move(tree));
  }

 private:
  // What could be read of a faulty text is bound all the same, so that one fault hides no other.
  CompileResult Bind(syntax::Policy tree) {
    tree_ = std::move(tree);
    BindTree(tree_, vocabulary_, *impl_, checks_, diagnostics_);
    // Examples and checks judge a policy that is whole; a faulty one would only echo its faults.
    if (diagnostics_.empty()) Judge();
    return Finish();
  }

  void Judge() {
    const PolicyImpl& impl = *impl_;
    std::vector<uint8_t> exampled(impl.rules.size(), 0);
    if (options_.run_examples) RunExamples(impl, tree_.examples, diagnostics_, exampled);
    if (options_.require_example_for_each_rule) {
      for (size_t r = 0; r < exampled.size(); ++r) {
        if (exampled[r] != 0) continue;
        syntax::Word at;
        at.line = impl.rule_infos[r].line;
        at.column = 1;
        at.text = impl.rule_infos[r].id;
        diagnostics_.Add(at, absl::StrCat("no example is decided by '", at.text, "'"));
      }
    }
    if (options_.prove_checks && diagnostics_.empty()) {
      ProveChecks(impl, checks_, options_.check_cells_max, diagnostics_);
    }
  }

  CompileResult Finish() {
    CompileResult result;
    if (diagnostics_.empty()) {
      impl_->engine = Engine::Build(*impl_);
      result.policy.reset(new Policy(std::move(impl_)));
      return result;
    }
    result.diagnostics = diagnostics_.Take();
    std::stable_sort(result.diagnostics.begin(), result.diagnostics.end(),
                     [](const Diagnostic& a, const Diagnostic& b) {
                       return std::tie(a.line, a.column) < std::tie(b.line, b.column);
                     });
    return result;
  }

  const Vocabulary& vocabulary_;
  const CompileOptions& options_;
  syntax::Diagnostics diagnostics_;
  syntax::Policy tree_;
  std::unique_ptr<PolicyImpl> impl_;
  std::vector<BoundCheck> checks_;
};

CompileResult Compile(absl::string_view text, const Vocabulary& vocabulary,
                      const CompileOptions& options) {
  return PolicyCompiler(vocabulary, options).Run(text);
}

CompileResult CompileTree(syntax::Policy tree, const Vocabulary& vocabulary,
                          const CompileOptions& options) {
  return PolicyCompiler(vocabulary, options).Run(std::move(tree));
}

}  // namespace signpost::policy
