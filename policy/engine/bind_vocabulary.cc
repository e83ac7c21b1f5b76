#include <algorithm>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "policy/engine/bind.h"
#include "policy/limits.h"

namespace signpost::policy {
namespace {

bool IsKebab(const std::string& word) {
  if (word.empty() || word.size() > 64 || !absl::ascii_islower(static_cast<unsigned char>(word[0])))
    return false;
  return std::all_of(word.begin(), word.end(), [](char c) {
    return absl::ascii_islower(static_cast<unsigned char>(c)) ||
           absl::ascii_isdigit(static_cast<unsigned char>(c)) || c == '-';
  });
}

// Lives during one BindVocabulary().
class VocabularyBinder {
 public:
  VocabularyBinder(const Vocabulary& vocabulary, PolicyImpl& impl, syntax::Diagnostics& diagnostics)
      : vocabulary_(vocabulary), impl_(impl), diagnostics_(diagnostics) {}

  // The first entry of every table is that of the unknown word, kNoSymbol, so that a question with
  // a word this policy does not know finds data that satisfies hides and no show.
  void Run() {
    PolicyImpl& p = impl_;
    p.sensitive_services.push_back(1);  // an unknown service is sensitive
    for (const VocabularyService& service : vocabulary_.services) {
      if (Define(p.services, service.id) != kNoSymbol) p.sensitive_services.push_back(0);
    }
    p.agency_data.emplace_back();
    for (const VocabularyAgency& agency : vocabulary_.agencies) {
      if (Define(p.agencies, agency.id) == kNoSymbol) return;
      AgencyData data;
      data.name = agency.name.empty() ? agency.id : agency.name;
      data.kind = Define(p.kinds, agency.kind, false);
      data.relevant_authority = agency.relevant_authority;
      data.feeds = agency.feeds;
      for (const std::string& service : agency.services) {
        data.services.push_back(p.services.Find(service));
        if (data.services.back() == kNoSymbol) {
          VocabularyFault(agency.id, absl::StrCat("names the unknown service '", service, "'"));
        }
      }
      p.agency_data.push_back(std::move(data));
    }
    p.team_data.emplace_back();
    for (const VocabularyTeam& team : vocabulary_.teams) {
      if (Define(p.teams, team.id) == kNoSymbol) return;
      TeamData data;
      for (const std::string& agency : team.agencies) {
        const Symbol symbol = p.agencies.Find(agency);
        if (symbol == kNoSymbol) {
          VocabularyFault(team.id, absl::StrCat("names the unknown agency '", agency, "'"));
          continue;
        }
        data.agencies.Add(symbol);
        data.has_relevant_authority |= p.agency_data[symbol].relevant_authority;
      }
      if (data.agencies.empty()) VocabularyFault(team.id, "is a team of no agency");
      for (const Purpose purpose : team.purposes) {
        if (purpose == Purpose::kUnspecified || ToString(purpose) == "invalid") {
          VocabularyFault(team.id, "has a purpose that is none");
          continue;
        }
        data.purposes |= 1u << static_cast<unsigned>(purpose);
      }
      p.team_data.push_back(std::move(data));
    }
    for (const std::string& role : vocabulary_.roles) Define(p.roles, role);
    p.assessment_sections.emplace_back();
    for (const VocabularyAssessment& assessment : vocabulary_.assessments) {
      if (Define(p.assessments, assessment.id) == kNoSymbol) return;
      std::vector<Symbol> sections;
      for (const std::string& section : assessment.sections) {
        sections.push_back(Define(p.sections, section, false));
      }
      p.assessment_sections.push_back(std::move(sections));
    }
    Apart(p.services, p.agencies, "a service and an agency");
    Apart(p.services, p.assessments, "a service and an assessment");
    Apart(p.agencies, p.assessments, "an agency and an assessment");
    Apart(p.agencies, p.kinds, "an agency and a kind of agency");
    Apart(p.agencies, p.roles, "an agency and a role");
    Apart(p.kinds, p.roles, "a kind of agency and a role");
  }

 private:
  void VocabularyFault(const std::string& word, absl::string_view message) {
    syntax::Word at;
    at.text = word;
    diagnostics_.Add(at, absl::StrCat("vocabulary: '", word, "' ", message));
  }

  Symbol Define(SymbolTable& table, const std::string& word, bool must_be_new = true) {
    if (!IsKebab(word)) {
      VocabularyFault(word, "is not a word of a-z, 0-9 and '-' that starts with a letter");
    } else if (syntax::IsReserved(word)) {
      VocabularyFault(word, "is a word of the policy language");
    }
    if (must_be_new && table.Find(word) != kNoSymbol) VocabularyFault(word, "is defined twice");
    if (++words_ > kVocabularyWordsMax) {
      VocabularyFault(word, absl::StrCat("is more than the ", kVocabularyWordsMax,
                                         " words a vocabulary may have"));
      return kNoSymbol;
    }
    return table.Intern(word);
  }

  // Words that may stand in the same place must differ.
  void Apart(const SymbolTable& a, const SymbolTable& b, absl::string_view what) {
    for (const std::string& word : a.Words()) {
      if (b.Find(word) != kNoSymbol) VocabularyFault(word, absl::StrCat("is both ", what));
    }
  }

  const Vocabulary& vocabulary_;
  PolicyImpl& impl_;
  syntax::Diagnostics& diagnostics_;
  int words_ = 0;
};

}  // namespace

void BindVocabulary(const Vocabulary& vocabulary, PolicyImpl& impl,
                    syntax::Diagnostics& diagnostics) {
  VocabularyBinder(vocabulary, impl, diagnostics).Run();
}

}  // namespace signpost::policy
