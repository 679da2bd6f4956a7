// Requests of OSS and S3: the same verbs, with a few names that differ.
#include "cloud/object_store.hpp"

#include <cstdlib>

#include <fmt/format.h>

#include "cloud/object_signature.hpp"
#include "cloud/object_store_failure.hpp"
#include "cloud/object_store_place.hpp"
#include "cloud/object_store_reply.hpp"
#include "support/digest.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

using Clock = std::chrono::system_clock;

// More than that many unfinished uploads are not listed: a hundred thousand.
constexpr unsigned most_upload_pages = 100;
// The parts of one upload are 10000 at most, and a page has 1000.
constexpr unsigned most_part_pages = 200;
// Putting 10000 parts together takes a store its time, in which nothing moves on the connection.
constexpr std::chrono::seconds completion_patience{600};
// A page of a list with the longest names there may be has half of it.
constexpr std::size_t reply_limit = std::size_t{8} << 20;

std::string escaped(std::string_view text)
{
    std::string out;
    for (char const c : text) {
        switch (c) {
        case '&': out += "&amp;"; break;
        case '<': out += "&lt;"; break;
        case '>': out += "&gt;"; break;
        case '"': out += "&quot;"; break;
        default: out += c;
        }
    }
    return out;
}

std::string completion(const std::vector<PartInfo> &parts)
{
    std::string xml = "<CompleteMultipartUpload>";
    for (const auto &part : parts)
        xml +=
            fmt::format("<Part><PartNumber>{}</PartNumber><ETag>\"{}\"</ETag></Part>", part.number, escaped(part.etag));
    return xml + "</CompleteMultipartUpload>";
}

// "Checking object integrity" of S3's guide: then an ETag is no MD5.
bool encrypts_by_itself(const HttpReply &reply)
{
    return reply.header("x-amz-server-side-encryption").starts_with("aws:kms") ||
           !reply.header("x-amz-server-side-encryption-customer-algorithm").empty();
}

struct Answer {
    StoreQuestion question;
    HttpReply reply;
};

// What goes into one request beyond its address.
struct Asked {
    StoreRequest request;
    std::string method;
    std::string key = {};
    NamedValues query = {};
    NamedValues headers = {};
    std::string text = {};
    RequestBody *body = nullptr;
};

class Store final : public ObjectStore {
public:
    Store(StoreAddress address, StorePlace place, HttpTransport &http, CredentialSource &who)
        : m_address(std::move(address)), m_place(std::move(place)), m_http(http), m_who(who)
    {}

    StoreResult<std::optional<ObjectInfo>> head(const std::string &key) override
    {
        auto const answer = ask({.request = StoreRequest::head, .method = "HEAD", .key = key});
        if (!answer) {
            // Without a word of the bucket: S3 says the same of a bucket that is not there, which the next request
            // tells.
            if (answer.error().status == 404 && (answer.error().code.empty() || answer.error().code == "NoSuchKey"))
                return std::optional<ObjectInfo>();
            return tl::unexpected(with_reason(key, answer.error()));
        }
        auto const size = parse_number(answer->reply.header("content-length"));
        if (!size)
            return tl::unexpected(not_understood(answer->question, answer->reply,
                                                 {ErrorCode::remote, "the store does not say how long the object is"}));
        return ObjectInfo{.size = *size,
                          .etag = bare_etag(answer->reply.header("etag")),
                          .crc64 = parse_number(answer->reply.header("x-oss-hash-crc64ecma"))};
    }

    StoreResult<std::string> begin_upload(const std::string &key) override
    {
        auto const answer = ask({.request = StoreRequest::begin,
                                 .method = "POST",
                                 .key = key,
                                 .query = {{"uploads", ""}},
                                 .headers = {{"Content-Type", "application/octet-stream"}}});
        if (!answer)
            return tl::unexpected(answer.error());
        return understood(*answer, parse_upload_id(answer->reply.body));
    }

    StoreResult<PartInfo> send_part(const std::string &key, const std::string &upload, std::uint32_t number,
                                    RequestBody &body) override
    {
        auto const answer = ask({.request = StoreRequest::send_part,
                                 .method = "PUT",
                                 .key = key,
                                 .query = {{"partNumber", std::to_string(number)}, {"uploadId", upload}},
                                 .body = &body});
        if (!answer)
            return tl::unexpected(answer.error());
        PartInfo part{.number = number,
                      .size = body.size(),
                      .etag = bare_etag(answer->reply.header("etag")),
                      .crc64 = parse_number(answer->reply.header("x-oss-hash-crc64ecma")),
                      .etag_is_md5 = !encrypts_by_itself(answer->reply)};
        if (part.etag.empty())
            return tl::unexpected(not_understood(
                answer->question, answer->reply,
                {ErrorCode::remote, "the server took a part and gave no ETag for it: that is not an object store"}));
        return part;
    }

    StoreResult<std::vector<PartInfo>> parts(const std::string &key, const std::string &upload) override
    {
        std::vector<PartInfo> all;
        std::uint32_t after = 0;
        for (unsigned count = 0; count < most_part_pages; ++count) {
            auto const answer =
                ask({.request = StoreRequest::list_parts,
                     .method = "GET",
                     .key = key,
                     .query = {
                         {"max-parts", "1000"}, {"part-number-marker", std::to_string(after)}, {"uploadId", upload}}});
            if (!answer)
                return tl::unexpected(answer.error());
            auto page = understood(*answer, parse_parts(answer->reply.body));
            if (!page)
                return tl::unexpected(page.error());
            for (auto &part : page->parts) {
                if (part.number <= (all.empty() ? 0 : all.back().number))
                    return tl::unexpected(out_of_order(*answer));
                all.push_back(std::move(part));
            }
            if (!page->more)
                return all;
            if (page->next <= after)
                return tl::unexpected(out_of_order(*answer));
            after = page->next;
        }
        return tl::unexpected(endless("parts"));
    }

    StoreResult<ObjectInfo> complete_upload(const std::string &key, const std::string &upload,
                                            const std::vector<PartInfo> &parts, bool forbid_overwrite) override
    {
        Asked asked{.request = StoreRequest::complete,
                    .method = "POST",
                    .key = key,
                    .query = {{"uploadId", upload}},
                    .headers = {{"Content-Type", "application/xml"}},
                    .text = completion(parts)};
        auto answer = [&] {
            if (!forbid_overwrite)
                return ask(asked);
            Asked careful = asked;
            careful.headers.push_back(is_oss() ? std::pair<std::string, std::string>("x-oss-forbid-overwrite", "true")
                                               : std::pair<std::string, std::string>("If-None-Match", "*"));
            auto first = ask(careful);
            // A store that does not know the condition, and says so: whoever asks has looked for the object before.
            if (!first && !is_oss() && (first.error().status == 501 || first.error().code == "NotImplemented"))
                return ask(asked);
            return first;
        }();
        if (!answer)
            return tl::unexpected(answer.error());
        auto etag = understood(*answer, parse_completed_etag(answer->reply.body));
        if (!etag)
            return tl::unexpected(etag.error());
        ObjectInfo object{.etag = std::move(*etag),
                          .crc64 = parse_number(answer->reply.header("x-oss-hash-crc64ecma"))};
        for (const auto &part : parts)
            object.size += part.size;
        if (object.etag.empty()) {  // Ceph
            if (auto found = head(key); found && *found)
                return std::move(**found);
        }
        return object;
    }

    StoreResult<void> abort_upload(const std::string &key, const std::string &upload) override
    {
        auto const answer =
            ask({.request = StoreRequest::abort, .method = "DELETE", .key = key, .query = {{"uploadId", upload}}});
        if (!answer)
            return tl::unexpected(answer.error());
        return {};
    }

    StoreResult<std::vector<UnfinishedUpload>> unfinished_uploads(const std::string &prefix) override
    {
        std::vector<UnfinishedUpload> all;
        std::string after_key;
        std::string after_id;
        for (unsigned count = 0; count < most_upload_pages; ++count) {
            NamedValues query{{"max-uploads", "1000"}, {"uploads", ""}};
            // Ceph encodes names when asked to and does not say that it has: then "%20" could be either.
            if (is_oss())
                query.emplace_back("encoding-type", "url");
            if (!prefix.empty())
                query.emplace_back("prefix", prefix);
            if (!after_key.empty()) {
                query.emplace_back("key-marker", after_key);
                if (!after_id.empty())
                    query.emplace_back("upload-id-marker", after_id);
            }
            auto const answer = ask({.request = StoreRequest::list_uploads, .method = "GET", .query = query});
            if (!answer)
                return tl::unexpected(answer.error());
            auto page = understood(*answer, parse_uploads(answer->reply.body));
            if (!page)
                return tl::unexpected(page.error());
            all.insert(all.end(), std::make_move_iterator(page->uploads.begin()),
                       std::make_move_iterator(page->uploads.end()));
            if (!page->more)
                return all;
            if (page->next_key.empty() || (page->next_key == after_key && page->next_id == after_id))
                return tl::unexpected(out_of_order(*answer));
            after_key = std::move(page->next_key);
            after_id = std::move(page->next_id);
        }
        return tl::unexpected(endless("unfinished uploads"));
    }

private:
    bool is_oss() const { return m_address.dialect == StoreDialect::oss; }

    std::string name_of(const std::string &key) const
    {
        return fmt::format("{}://{}{}{}", is_oss() ? "oss" : "s3", m_address.bucket, key.empty() ? "" : "/", key);
    }

    // One request with a reply of success; everything else is a failure in the user's terms.
    StoreResult<Answer> ask(const Asked &asked) const
    {
        auto const who = m_who.get();
        if (!who)
            return tl::unexpected(StoreFailure{.error = who.error()});
        StoreQuestion question{.request = asked.request,
                               .dialect = m_address.dialect,
                               .object = name_of(asked.key),
                               .place = m_place,
                               .key_origin = who->origin,
                               .secret = who->secret,
                               .token = who->token};
        ObjectRequest object{.method = asked.method,
                             .host = m_place.host,
                             .bucket = m_address.bucket,
                             .key = asked.key,
                             .bucket_in_path = m_place.bucket_in_path,
                             .query = asked.query,
                             .headers = asked.headers};
        sign(object, *who, asked);
        HttpRequest request{.method = asked.method,
                            .url = fmt::format("{}://{}{}", m_place.scheme, m_place.host, request_target(object)),
                            .headers = std::move(object.headers),
                            .text = asked.text,
                            .body = asked.body,
                            .reply_limit = reply_limit};
        if (asked.request == StoreRequest::complete)
            request.stall_timeout = completion_patience;
        auto reply = m_http.send(request);
        if (!reply)
            return tl::unexpected(no_reply(question, std::move(reply.error())));
        if (!reply->ok())
            return tl::unexpected(refusal(question, *reply, Clock::now()));
        return Answer{std::move(question), std::move(*reply)};
    }

    // A reply to HEAD has no body, so S3 cannot say what is wrong: a byte of the same object is asked for instead.
    StoreFailure with_reason(const std::string &key, StoreFailure failure) const
    {
        if (!failure.code.empty() || failure.status < 300 || failure.status >= 500)
            return failure;
        auto const again =
            ask({.request = StoreRequest::head, .method = "GET", .key = key, .headers = {{"Range", "bytes=0-0"}}});
        if (!again && !again.error().code.empty())
            return again.error();
        return failure;
    }

    void sign(ObjectRequest &object, const Credentials &who, const Asked &asked) const
    {
        auto const now = Clock::now();
        if (!is_oss()) {
            // A part's hash would have to be known before it is sent: a part would be read, or made, twice. What
            // arrived is compared by its ETag or CRC afterwards, and TLS guards the way.
            std::string const hash =
                asked.body != nullptr ? "UNSIGNED-PAYLOAD" : hex_digest("SHA256", std::as_bytes(std::span(asked.text)));
            sign_aws_v4(object, who, m_place.region, hash, now);
        } else if (m_place.v1) {
            sign_oss_v1(object, who, now);
        } else {
            sign_oss_v4(object, who, m_place.region, now);
        }
    }

    template <class T>
    static StoreResult<T> understood(const Answer &answer, Result<T> parsed)
    {
        if (!parsed)
            return tl::unexpected(not_understood(answer.question, answer.reply, std::move(parsed.error())));
        return std::move(*parsed);
    }

    static StoreFailure out_of_order(const Answer &answer)
    {
        return not_understood(answer.question, answer.reply,
                              {ErrorCode::remote, "the store's list does not go on where its last page ended"});
    }
    StoreFailure endless(std::string_view what) const
    {
        return {.error = {ErrorCode::remote, fmt::format("the store's list of {} does not end", what), name_of({})}};
    }

    StoreAddress const m_address;
    StorePlace const m_place;
    HttpTransport &m_http;
    CredentialSource &m_who;
};

}  // namespace

Result<std::unique_ptr<ObjectStore>> make_object_store(const StoreAddress &address, HttpTransport &http,
                                                       CredentialSource &who)
{
    auto place = place_of(address, [](const std::string &name) {
        const char *const value = std::getenv(name.c_str());
        return std::string(value != nullptr ? value : "");
    });
    if (!place)
        return fail(place.error());
    return std::make_unique<Store>(address, std::move(*place), http, who);
}

}  // namespace imgport
