// TestAuthority is a certificate authority, in memory, that gives any number of SPIFFE ids.

#ifndef SIGNPOST_TESTS_RPC_TEST_PKI_H_
#define SIGNPOST_TESTS_RPC_TEST_PKI_H_

#include <sys/stat.h>

#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "openssl/evp.h"
#include "openssl/pem.h"
#include "openssl/x509.h"
#include "openssl/x509v3.h"

namespace signpost::rpc {

struct TestIdentity {
  std::string certificate_pem;
  std::string key_pem;
};

class TestAuthority {
 public:
  TestAuthority() : key_(EVP_EC_gen("P-256"), &EVP_PKEY_free) {
    certificate_ = Make(key_.get(), "test authority", nullptr, key_.get(), "", true, 3600);
  }

  std::string certificate_pem() const { return Pem(certificate_.get()); }

  // A server's when `dns` is set; `uris` become URI names, in any number.
  TestIdentity Issue(const std::vector<std::string>& uris, bool server = false,
                     long seconds = 3600) {  // NOLINT: OpenSSL's type
    std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> own_key(EVP_EC_gen("P-256"),
                                                                &EVP_PKEY_free);
    std::string names = server ? "DNS:localhost,IP:127.0.0.1" : "";
    for (const std::string& uri : uris) names += (names.empty() ? "URI:" : ",URI:") + uri;
    X509Ptr certificate =
        Make(own_key.get(), "leaf", certificate_.get(), key_.get(), names, false, seconds);
    return {Pem(certificate.get()), Pem(own_key.get())};
  }

 private:
  using X509Ptr = std::unique_ptr<X509, decltype(&X509_free)>;

  static std::string Text(BIO* bio) {
    char* data = nullptr;
    const long size = BIO_get_mem_data(bio, &data);  // NOLINT
    std::string text(data, static_cast<size_t>(size));
    BIO_free(bio);
    return text;
  }
  static std::string Pem(X509* certificate) {
    BIO* bio = BIO_new(BIO_s_mem());
    PEM_write_bio_X509(bio, certificate);
    return Text(bio);
  }
  static std::string Pem(EVP_PKEY* key) {
    BIO* bio = BIO_new(BIO_s_mem());
    PEM_write_bio_PrivateKey(bio, key, nullptr, nullptr, 0, nullptr, nullptr);
    return Text(bio);
  }
  X509Ptr Make(EVP_PKEY* key, const char* name, X509* issuer, EVP_PKEY* issuer_key,
               const std::string& names, bool authority, long seconds) {  // NOLINT
    X509Ptr certificate(X509_new(), &X509_free);
    X509* x = certificate.get();
    X509_set_version(x, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(x), ++serial_);
    X509_gmtime_adj(X509_getm_notBefore(x), -7200);
    X509_gmtime_adj(X509_getm_notAfter(x), seconds);
    X509_set_pubkey(x, key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>(name), -1, -1, 0);
    X509_set_issuer_name(x, X509_get_subject_name(issuer == nullptr ? x : issuer));
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer == nullptr ? x : issuer, x, nullptr, nullptr, 0);
    Extend(x, &context, NID_basic_constraints, authority ? "critical,CA:TRUE" : "CA:FALSE");
    if (!names.empty()) Extend(x, &context, NID_subject_alt_name, names);
    X509_sign(x, issuer_key, EVP_sha256());
    return certificate;
  }
  static void Extend(X509* x, X509V3_CTX* context, int nid, const std::string& value) {
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, context, nid, value.c_str());
    X509_add_ext(x, extension, -1);
    X509_EXTENSION_free(extension);
  }

  std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key_;
  X509Ptr certificate_{nullptr, &X509_free};
  int serial_ = 0;
};

inline void WriteFile(const std::string& path, const std::string& text, mode_t mode = 0600) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << text;
  chmod(path.c_str(), mode);
}

}  // namespace signpost::rpc

#endif  // SIGNPOST_TESTS_RPC_TEST_PKI_H_
