// Certificates made for one test.
#pragma once

#include <memory>
#include <stdexcept>
#include <string>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

namespace imgport::testing {

struct CertificateWish {
    std::string address = "127.0.0.1";  // what it is for
    long from = -3600;                  // seconds from now
    long until = 3600;
};

// A certificate signed by itself, which is its own CA, with its key.
class Certificate {
public:
    explicit Certificate(const CertificateWish &wish = {})
        : m_key(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"), EVP_PKEY_free)
    {
        X509 *const made = m_certificate.get();
        X509_set_version(made, X509_VERSION_3);
        ASN1_INTEGER_set(X509_get_serialNumber(made), 1);
        X509_gmtime_adj(X509_getm_notBefore(made), wish.from);
        X509_gmtime_adj(X509_getm_notAfter(made), wish.until);
        X509_set_pubkey(made, m_key.get());
        X509_NAME *const name = X509_get_subject_name(made);
        X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char *>("imgport test"),
                                   -1, -1, 0);
        X509_set_issuer_name(made, name);
        extend(NID_basic_constraints, "critical,CA:TRUE");
        extend(NID_subject_alt_name, "IP:" + wish.address);
        if (X509_sign(made, m_key.get(), EVP_sha256()) == 0)
            throw std::runtime_error("no certificate in this test");
    }

    void write(const std::string &path) const
    {
        std::unique_ptr<BIO, decltype(&BIO_free)> const file(BIO_new_file(path.c_str(), "w"), BIO_free);
        PEM_write_bio_X509(file.get(), m_certificate.get());
    }
    std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> server() const
    {
        std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context(SSL_CTX_new(TLS_server_method()), SSL_CTX_free);
        SSL_CTX_use_certificate(context.get(), m_certificate.get());
        SSL_CTX_use_PrivateKey(context.get(), m_key.get());
        return context;
    }

private:
    void extend(int nid, const std::string &value)
    {
        X509V3_CTX context{};
        X509V3_set_ctx(&context, m_certificate.get(), m_certificate.get(), nullptr, nullptr, 0);
        std::unique_ptr<X509_EXTENSION, decltype(&X509_EXTENSION_free)> const extension(
            X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()), X509_EXTENSION_free);
        X509_add_ext(m_certificate.get(), extension.get(), -1);
    }

    std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> m_key;
    std::unique_ptr<X509, decltype(&X509_free)> m_certificate{X509_new(), X509_free};
};

}  // namespace imgport::testing
