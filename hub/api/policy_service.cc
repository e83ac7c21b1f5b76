#include <memory>
#include <string>
#include <utility>

#include "hub/api/services.h"
#include "hub/oversight/replay.h"
#include "hub/policy_admin/policy_admin.h"
#include "hub/policy_admin/policy_explainer.h"
#include "hub/policy_admin/policy_preview.h"
#include "signpost/v1/policy.grpc.pb.h"

namespace signpost::api {
namespace {

// People between two messages of progress.
constexpr uint64_t kProgressEvery = 1000;

// A preview: one slice of work after another on the strand, so that other calls come in between.
class PreviewStream final
    : public rpc::WriteStream<v1::PreviewPolicyRequest, v1::PreviewPolicyResponse> {
 public:
  PreviewStream(policy_admin::PolicyPreviews* previews, const v1::PreviewPolicyRequest* request)
      : WriteStream(request), previews_(previews) {}

 private:
  void OnOpen() override {
    absl::StatusOr<std::unique_ptr<policy_admin::PolicyPreviews::Run>> run =
        previews_->Begin(caller(), request());
    if (!run.ok()) return Close(std::move(run).status());
    run_ = *std::move(run);
    Continue();
  }
  void OnClosed() override { run_.reset(); }

  void Continue() {
    Post([self = this] { self->DoStep(); });
  }

  void DoStep() {
    const absl::StatusOr<bool> all = run_->Step();
    if (!all.ok()) return Close(all.status());
    if (!*all) {
      const uint64_t seen = run_->people() + run_->questions();
      if (seen >= told_ + kProgressEvery && writes_waiting() == 0) {
        told_ = seen;
        v1::PreviewPolicyResponse response;
        response.mutable_progress()->set_people(run_->people());
        response.mutable_progress()->set_questions(run_->questions());
        Write(std::move(response));
      }
      return Continue();
    }
    run_->Finish([self = Ref<PreviewStream>()](absl::StatusOr<v1::PreviewReport> report) {
      self->Post([self = self.get(), report = std::move(report)]() mutable {
        if (!report.ok()) return self->Close(std::move(report).status());
        v1::PreviewPolicyResponse response;
        *response.mutable_report() = *std::move(report);
        self->Write(std::move(response));
        self->Close(absl::OkStatus());
      });
    });
    run_.reset();
  }

  policy_admin::PolicyPreviews* const previews_;
  std::unique_ptr<policy_admin::PolicyPreviews::Run> run_;
  uint64_t told_ = 0;
};

class PolicyService final : public v1::PolicyService::CallbackService {
 public:
  explicit PolicyService(const ApiContext& context) : context_(context) {}

  grpc::ServerUnaryReactor* ProposePolicy(grpc::CallbackServerContext* context,
                                          const v1::ProposePolicyRequest* request,
                                          v1::ProposePolicyResponse* response) override {
    static const rpc::MethodRow& row = rpc::MethodOrDie("/signpost.v1.PolicyService/ProposePolicy");
    return rpc::RunUnary(context, *context_.calls, row, request, response,
                         [desk = context_.policy_admin](
                             const base::Principal& caller, const v1::ProposePolicyRequest& propose,
                             rpc::Reply<v1::ProposePolicyResponse> reply) {
                           reply(desk->Propose(caller, propose));
                         });
  }

  grpc::ServerUnaryReactor* ApprovePolicy(grpc::CallbackServerContext* context,
                                          const v1::ApprovePolicyRequest* request,
                                          v1::ApprovePolicyResponse* response) override {
    static const rpc::MethodRow& row = rpc::MethodOrDie("/signpost.v1.PolicyService/ApprovePolicy");
    return rpc::RunUnary(context, *context_.calls, row, request, response,
                         [desk = context_.policy_admin](
                             const base::Principal& caller, const v1::ApprovePolicyRequest& approve,
                             rpc::Reply<v1::ApprovePolicyResponse> reply) {
                           reply(desk->Approve(caller, approve));
                         });
  }

  grpc::ServerUnaryReactor* WithdrawPolicy(grpc::CallbackServerContext* context,
                                           const v1::WithdrawPolicyRequest* request,
                                           v1::WithdrawPolicyResponse* response) override {
    static const rpc::MethodRow& row =
        rpc::MethodOrDie("/signpost.v1.PolicyService/WithdrawPolicy");
    return rpc::RunUnary(
        context, *context_.calls, row, request, response,
        [desk = context_.policy_admin](const base::Principal& caller,
                                       const v1::WithdrawPolicyRequest& withdraw,
                                       rpc::Reply<v1::WithdrawPolicyResponse> reply) {
          reply(desk->Withdraw(caller, withdraw));
        });
  }

  // Reading policies discloses nothing about people, so it leaves no entry.
  grpc::ServerUnaryReactor* ListPolicies(grpc::CallbackServerContext* context,
                                         const v1::ListPoliciesRequest* request,
                                         v1::ListPoliciesResponse* response) override {
    static const rpc::MethodRow& row = rpc::MethodOrDie("/signpost.v1.PolicyService/ListPolicies");
    return rpc::RunUnary(
        context, *context_.calls, row, request, response,
        [desk = context_.policy_admin](
            const base::Principal& caller, const v1::ListPoliciesRequest& list,
            rpc::Reply<v1::ListPoliciesResponse> reply) { reply(desk->List(caller, list)); });
  }

  grpc::ServerUnaryReactor* GetPolicy(grpc::CallbackServerContext* context,
                                      const v1::GetPolicyRequest* request,
                                      v1::GetPolicyResponse* response) override {
    static const rpc::MethodRow& row = rpc::MethodOrDie("/signpost.v1.PolicyService/GetPolicy");
    return rpc::RunUnary(
        context, *context_.calls, row, request, response,
        [desk = context_.policy_admin](
            const base::Principal& caller, const v1::GetPolicyRequest& get,
            rpc::Reply<v1::GetPolicyResponse> reply) { reply(desk->Get(caller, get)); });
  }

  grpc::ServerUnaryReactor* Explain(grpc::CallbackServerContext* context,
                                    const v1::ExplainRequest* request,
                                    v1::ExplainResponse* response) override {
    static const rpc::MethodRow& row = rpc::MethodOrDie("/signpost.v1.PolicyService/Explain");
    return rpc::RunUnary(context, *context_.calls, row, request, response,
                         [asking = context_.policy_explainer](
                             const base::Principal& caller, const v1::ExplainRequest& explain,
                             rpc::Reply<v1::ExplainResponse> reply) {
                           asking->Explain(caller, explain, std::move(reply));
                         });
  }

  grpc::ServerUnaryReactor* ListAgreements(grpc::CallbackServerContext* context,
                                           const v1::ListAgreementsRequest* request,
                                           v1::ListAgreementsResponse* response) override {
    static const rpc::MethodRow& row =
        rpc::MethodOrDie("/signpost.v1.PolicyService/ListAgreements");
    return rpc::RunUnary(context, *context_.calls, row, request, response,
                         [asking = context_.policy_explainer](
                             const base::Principal& caller, const v1::ListAgreementsRequest& list,
                             rpc::Reply<v1::ListAgreementsResponse> reply) {
                           asking->ListAgreements(caller, list, std::move(reply));
                         });
  }

  grpc::ServerWriteReactor<v1::PreviewPolicyResponse>* PreviewPolicy(
      grpc::CallbackServerContext* context, const v1::PreviewPolicyRequest* request) override {
    static const rpc::MethodRow& row = rpc::MethodOrDie("/signpost.v1.PolicyService/PreviewPolicy");
    return StartStream<PreviewStream>(context, *context_.calls, row, context_.policy_previews,
                                      request);
  }

  grpc::ServerUnaryReactor* ReplayDecision(grpc::CallbackServerContext* context,
                                           const v1::ReplayDecisionRequest* request,
                                           v1::ReplayDecisionResponse* response) override {
    static const rpc::MethodRow& row =
        rpc::MethodOrDie("/signpost.v1.PolicyService/ReplayDecision");
    return rpc::RunUnary(context, *context_.calls, row, request, response,
                         [replays = context_.replays](
                             const base::Principal& caller, const v1::ReplayDecisionRequest& replay,
                             rpc::Reply<v1::ReplayDecisionResponse> reply) {
                           replays->Replay(caller, replay, std::move(reply));
                         });
  }

 private:
  const ApiContext context_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakePolicyService(const ApiContext& context) {
  return std::make_unique<PolicyService>(context);
}

}  // namespace signpost::api
