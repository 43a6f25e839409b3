// Calls any method of our services, as whoever the identity says.
//
//   call ADDRESS EXPECTED_URI CERTIFICATE KEY TRUST METHOD < request.json
//
// METHOD is "chancery.signer.v1.IssuanceService.Issue"; the request is its
// message in JSON. Prints {"code":...,"message":...,"responses":[...]}.
#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>
#include <google/protobuf/util/json_util.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

#include <cstdio>
#include <iostream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "chancery/authority/v1/authority.pb.h"
#include "chancery/authority/v1/issuers.pb.h"
#include "chancery/authority/v1/mass_revocation.pb.h"
#include "chancery/authority/v1/token.pb.h"
#include "chancery/config/common.pb.h"
#include "chancery/refresher/v1/publish.pb.h"
#include "chancery/responder/v1/replication.pb.h"
#include "chancery/signer/v1/crl.pb.h"
#include "chancery/signer/v1/head.pb.h"
#include "chancery/signer/v1/import.pb.h"
#include "chancery/signer/v1/issuance.pb.h"
#include "chancery/signer/v1/ledger.pb.h"
#include "chancery/signer/v1/presign.pb.h"
#include "chancery/signer/v1/revocation.pb.h"
#include "rpc/client.h"
#include "rpc/credentials.h"

namespace chancery {
namespace {

using google::protobuf::DescriptorPool;
using google::protobuf::Message;
using google::protobuf::MessageFactory;
using google::protobuf::MethodDescriptor;

// So that the linker keeps them: nothing else names their types.
void KeepDescriptors() {
  authority::v1::IssueRequest::descriptor();
  authority::v1::ListIssuersRequest::descriptor();
  authority::v1::RevokeManyRequest::descriptor();
  authority::v1::AuthenticatedIssueRequest::descriptor();
  refresher::v1::PublishRequest::descriptor();
  responder::v1::PutHeadRequest::descriptor();
  signer::v1::SignCrlRequest::descriptor();
  signer::v1::GetHeadRequest::descriptor();
  signer::v1::ImportRequest::descriptor();
  signer::v1::IssueRequest::descriptor();
  signer::v1::ReadEntriesRequest::descriptor();
  signer::v1::SignBlockRequest::descriptor();
  signer::v1::RevokeRequest::descriptor();
}

std::unique_ptr<Message> Make(const google::protobuf::Descriptor* type) {
  return std::unique_ptr<Message>(
      MessageFactory::generated_factory()->GetPrototype(type)->New());
}

struct Answer {
  grpc::Status status;
  std::vector<std::string> responses;  // JSON.
};

Answer Call(const std::shared_ptr<grpc::Channel>& channel,
            const MethodDescriptor& method, const Message& request) {
  grpc::GenericStub stub(channel);
  grpc::ClientContext context;
  rpc::SetTimeout(context, absl::Seconds(30));
  grpc::CompletionQueue queue;
  const auto call = stub.PrepareCall(
      &context,
      absl::StrCat("/", method.service()->full_name(), "/", method.name()),
      &queue);
  const auto wait = [&queue] {
    void* tag = nullptr;
    bool ok = false;
    return queue.Next(&tag, &ok) && ok;
  };
  call->StartCall(nullptr);
  bool alive = wait();
  const grpc::Slice slice(request.SerializeAsString());
  if (alive) {
    call->WriteLast(grpc::ByteBuffer(&slice, 1), grpc::WriteOptions(), nullptr);
    wait();
  }
  Answer answer;
  while (true) {
    grpc::ByteBuffer bytes;
    call->Read(&bytes, nullptr);
    if (!wait()) break;
    std::vector<grpc::Slice> slices;
    if (!bytes.Dump(&slices).ok()) break;
    std::string joined;
    for (const grpc::Slice& part : slices) {
      joined.append(reinterpret_cast<const char*>(part.begin()), part.size());
    }
    const auto response = Make(method.output_type());
    response->ParseFromString(joined);
    std::string json;
    (void)google::protobuf::util::MessageToJsonString(*response, &json);
    answer.responses.push_back(json);
  }
  call->Finish(&answer.status, nullptr);
  wait();
  return answer;
}

int Run(const std::vector<std::string>& arguments) {
  KeepDescriptors();
  const MethodDescriptor* const method =
      DescriptorPool::generated_pool()->FindMethodByName(arguments[5]);
  if (method == nullptr) {
    std::cerr << "no method " << arguments[5] << "\n";
    return 2;
  }
  config::TlsIdentity identity;
  identity.set_certificate_file(arguments[2]);
  identity.set_key_file(arguments[3]);
  identity.set_trust_file(arguments[4]);
  config::Target target;
  target.set_address(arguments[0]);
  target.set_expected_uri(arguments[1]);
  const auto credentials = rpc::Credentials::Load(identity);
  if (!credentials.ok()) {
    std::cerr << credentials.status().ToString() << "\n";
    return 2;
  }
  const auto channel = rpc::MakeChannel("target", target, *credentials);
  if (!channel.ok()) {
    std::cerr << channel.status().ToString() << "\n";
    return 2;
  }
  const std::string json((std::istreambuf_iterator<char>(std::cin)), {});
  const auto request = Make(method->input_type());
  const auto read =
      google::protobuf::util::JsonStringToMessage(json, request.get());
  if (!read.ok()) {
    std::cerr << read.ToString() << "\n";
    return 2;
  }
  const Answer answer = Call(*channel, *method, *request);
  const std::string message =
      absl::StrReplaceAll(answer.status.error_message(),
                          {{"\\", "\\\\"}, {"\"", "\\\""}, {"\n", "\\n"}});
  std::cout << "{\"code\":" << answer.status.error_code() << ",\"message\":\""
            << message << "\",\"responses\":["
            << absl::StrJoin(answer.responses, ",") << "]}\n";
  return 0;
}

}  // namespace
}  // namespace chancery

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  if (arguments.size() != 6) {
    std::fprintf(stderr, "usage: call ADDRESS URI CERT KEY TRUST METHOD\n");
    return 2;
  }
  return chancery::Run(arguments);
}
