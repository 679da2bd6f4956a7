// A store of objects that takes them in parts: OSS and S3 behind one face.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <imgport/error.hpp>

#include "cloud/credentials.hpp"
#include "cloud/http.hpp"

namespace imgport {

enum class StoreDialect { oss, s3 };
enum class ObjectSignature { automatic, v1, v4 };  // automatic: v4

struct StoreAddress {
    StoreDialect dialect = StoreDialect::oss;
    std::string bucket;
    std::string region = {};     // "cn-hangzhou", "us-east-1"
    std::string endpoint = {};   // "https://HOST[:PORT]"; empty: the cloud's public one in `region`
    bool custom_domain = false;  // the endpoint is the bucket's own domain (CNAME): the bucket is not put before it
    ObjectSignature signature = ObjectSignature::automatic;
};

struct ObjectInfo {
    std::uint64_t size = 0;                   // bytes
    std::string etag = {};                    // without quotes
    std::optional<std::uint64_t> crc64 = {};  // of the whole object, where the server tells
};

struct PartInfo {
    std::uint32_t number = 0;                 // 1 .. 10000
    std::uint64_t size = 0;                   // bytes; of a part that was just sent: what was sent
    std::string etag = {};                    // without quotes
    std::optional<std::uint64_t> crc64 = {};  // where the server tells (OSS, in the reply to a part)
    bool etag_is_md5 = true;  // false: the reply says that the server encrypts with keys of its own (SSE-KMS, SSE-C)
};

struct UnfinishedUpload {
    std::string key;
    std::string id;
    std::string initiated;  // ISO 8601, as the server says
};

// What the other side answered, or that it did not. `error` is in the user's terms; the rest is for who decides what to
// do next.
struct StoreFailure {
    Error error;
    bool retry = false;                                  // the same request may succeed later
    std::optional<std::chrono::milliseconds> wait = {};  // the server asked for that much patience
    int status = 0;                                      // 0: no reply
    std::string code = {};                               // "NoSuchUpload"; empty: none
    std::string request_id = {};
};
template <class T>
using StoreResult = tl::expected<T, StoreFailure>;

// One request each, no retries. Safe for several threads at once.
class ObjectStore {
public:
    ObjectStore() = default;
    ObjectStore(const ObjectStore &) = delete;
    ObjectStore &operator=(const ObjectStore &) = delete;
    virtual ~ObjectStore() = default;

    virtual StoreResult<std::optional<ObjectInfo>> head(const std::string &key) = 0;  // nullopt: there is none
    virtual StoreResult<std::string> begin_upload(const std::string &key) = 0;        // the upload's id
    virtual StoreResult<PartInfo> send_part(const std::string &key, const std::string &upload, std::uint32_t number,
                                            RequestBody &body) = 0;
    // All of them, in order; however many pages that takes.
    virtual StoreResult<std::vector<PartInfo>> parts(const std::string &key, const std::string &upload) = 0;
    // `forbid_overwrite`: an object of that name makes it fail, where the store knows how.
    virtual StoreResult<ObjectInfo> complete_upload(const std::string &key, const std::string &upload,
                                                    const std::vector<PartInfo> &parts, bool forbid_overwrite) = 0;
    virtual StoreResult<void> abort_upload(const std::string &key, const std::string &upload) = 0;
    // Those whose key begins with `prefix`.
    virtual StoreResult<std::vector<UnfinishedUpload>> unfinished_uploads(const std::string &prefix) = 0;
};

// `http` and `who` must outlive the store.
Result<std::unique_ptr<ObjectStore>> make_object_store(const StoreAddress &address, HttpTransport &http,
                                                       CredentialSource &who);

}  // namespace imgport
