// SubjectRights is a desk that handles all that is held about one person: it is given out to answer
// them, hidden behind a shield, or erased.
//
// These are the widest powers there are, so they are for few (the roles below, which the hub's
// operator enrols), each act says why, and each, a refusal too, is an entry before it is answered.
// The reason of an erasure is sealed under the hub's own key, for theirs is gone with it; the
// others are sealed under theirs.
//
// An export is what an officer of one agency may hand to them. What their own agency holds and did
// is told but for what names somebody else (workers, parents, witnesses) and its looks to protect
// somebody, with all that tells of those; each of these the officer includes by a second call that
// names it and says why, which is recorded with that export. What another agency has to decide
// about (its sensitive services, its workers, its looks to protect, all of it while the person is
// shielded) is left out of every export alike, so that neither the officer nor who reads the letter
// learns whether there is any. See tellable.h, accesses.h and exclusions.h.
//
// Erasing deletes their row, data key, records, matching keys and the index of who looked, in one
// commit with its entry. Every entry about them stays and still verifies; what was private in it
// opens to nobody. Each agency with a record of theirs is asked once, by its own id for the record,
// to stop reporting it; one that does all the same makes a question to the officers of the agency
// that erased.
//
// A shield is set at once by whoever may, and lifted by nobody alone: every agency that set it and
// at least one other ask for it (people/people.h), and the holders are told. The answer does not
// say whether the shield stands.
//
// A SubjectRights owns nothing; everything in HubContext must outlive it and its pending calls.
// Thread-safe. `done` is called exactly once, on the executor or the sequencer's completion thread,
// and must only hand on.

#ifndef SIGNPOST_HUB_SUBJECT_RIGHTS_SUBJECT_RIGHTS_H_
#define SIGNPOST_HUB_SUBJECT_RIGHTS_SUBJECT_RIGHTS_H_

#include "hub/base/principal.h"
#include "hub/request/context.h"
#include "signpost/v1/person.pb.h"

namespace signpost::subject_rights {

// Who may do all of it.
inline constexpr char kDataProtectionRole[] = "data-protection-officer";
// Who may set and lift shields besides, for persons their agency works with.
inline constexpr char kShieldingRole[] = "manager";

class SubjectRights {
 public:
  explicit SubjectRights(const request::HubContext& context) : context_(context) {}
  SubjectRights(const SubjectRights&) = delete;
  SubjectRights& operator=(const SubjectRights&) = delete;

  // See v1.PersonService. Errors, those behind the first two with a receipt:
  //   - kInvalidField: no request id, no person, no reason in words; Erase: not confirmed; Export:
  //     an inclusion without a reason, or of what the officer may not include
  //   - kRequestIdReused (Erase, SetShield)
  //   - kMethodNotAllowed: another role; a manager who would lift a shield and whose agency's flag
  //     on the person is new
  //   - kLegalHold (Erase): it must be kept for a court or an inquiry
  //   - kNotFound: nobody, or anything less than certain; SetShield by a manager: nobody the
  //     agency works with, all alike
  //   - kStoreUnavailable: not recorded, so not done
  //
  // Erase and SetShield sent twice under one request id happen once.
  void Export(const base::Principal& asker, v1::ExportPersonRequest request,
              request::Reply<v1::ExportPersonResponse> done);
  void Erase(const base::Principal& asker, v1::ErasePersonRequest request,
             request::Reply<v1::ErasePersonResponse> done);
  void SetShield(const base::Principal& asker, v1::SetShieldRequest request,
                 request::Reply<v1::SetShieldResponse> done);

  // Records of people whom the asker's agency erased that were reported again, and what is to
  // become of them. Officers of the agency that erased alone: another's questions are not there.
  // Errors as above; kNotFound for a question that does not wait; kInvalidField for no answer, or a
  // page token not of this list. AnswerErasedRecord sent twice under one request id happens once.
  void ListErasedRecords(const base::Principal& asker, v1::ListErasedRecordsRequest request,
                         request::Reply<v1::ListErasedRecordsResponse> done);
  void AnswerErasedRecord(const base::Principal& asker, v1::AnswerErasedRecordRequest request,
                          request::Reply<v1::AnswerErasedRecordResponse> done);

 private:
  const request::HubContext context_;
};

}  // namespace signpost::subject_rights

#endif  // SIGNPOST_HUB_SUBJECT_RIGHTS_SUBJECT_RIGHTS_H_
