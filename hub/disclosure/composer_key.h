// A ComposerKey is a passkey: whoever can make one may read sealed values with Opener::Peek().
//
// Those who can are named here, one a source file, each a struct that stands in that file and in no
// header, so that nobody else gets a key of it. Adding a line lets more code read names: ask
// whether an answer could be composed in one of these files instead, and have somebody review it.
//
// Plain and empty; thread-safe.

#ifndef SIGNPOST_HUB_DISCLOSURE_COMPOSER_KEY_H_
#define SIGNPOST_HUB_DISCLOSURE_COMPOSER_KEY_H_

namespace signpost::archive {
struct ArchiveComposer;
}  // namespace signpost::archive
namespace signpost::overrides {
struct CaseComposer;
}  // namespace signpost::overrides
namespace signpost::stewards {
struct ReviewComposer;
}  // namespace signpost::stewards
namespace signpost::subject_rights {
struct ExportComposer;
struct RecordComposer;
}  // namespace signpost::subject_rights

namespace signpost::disclosure {

class ComposerKey {
 private:
  friend struct AnswerComposer;   // answers.cc: whom to ring, consents' conditions
  friend struct ConsentComposer;  // consents_told.cc: what was said with a consent
  // case_reviews.cc: archived flags, to who may read them for a case review
  friend struct ::signpost::archive::ArchiveComposer;
  // stewards.cc: names and birth dates of who is compared, to who decides
  friend struct ::signpost::stewards::ReviewComposer;
  // overrides.cc: a user's reason, to the reviewer
  friend struct ::signpost::overrides::CaseComposer;
  // person_export.cc: all that is held about a young person, to answer them
  friend struct ::signpost::subject_rights::ExportComposer;
  // subject_rights.cc: an agency's own id for a record, to that agency or to who asks it to stop
  friend struct ::signpost::subject_rights::RecordComposer;

  ComposerKey() {}
};

}  // namespace signpost::disclosure

#endif  // SIGNPOST_HUB_DISCLOSURE_COMPOSER_KEY_H_
