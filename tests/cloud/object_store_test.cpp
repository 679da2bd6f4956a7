#include "cloud/object_store.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cloud/cloud_testing.hpp"
#include "cloud/http_server.hpp"

using namespace imgport;
using namespace imgport::testing;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

namespace {

using std::chrono::milliseconds;

// A server that answers one request after the other, the last answer again and again; and the store in front of it.
class Stores : public ::testing::TestWithParam<StoreDialect> {
protected:
    CleanEnvironment m_environment;
    std::vector<Said> m_script;
    std::atomic<std::size_t> m_next = 0;
    HttpServer m_server{[this](const Asked &) { return m_script[std::min(m_next++, m_script.size() - 1)]; }};
    std::unique_ptr<HttpTransport> m_http = make_http_transport();
    FixedKeys m_keys;
    std::unique_ptr<ObjectStore> m_store = store(GetParam());

    std::unique_ptr<ObjectStore> store(StoreDialect dialect)
    {
        return make_object_store(
                   {.dialect = dialect, .bucket = "imgs", .region = "cn-hangzhou", .endpoint = m_server.url()}, *m_http,
                   m_keys)
            .value();
    }
    bool oss() const { return GetParam() == StoreDialect::oss; }
    Asked asked(std::size_t i) const { return m_server.asked().at(i); }
};

std::string error_xml(const std::string &code)
{
    return "<Error><Code>" + code + "</Code><Message>m</Message></Error>";
}

std::string parts_page(int from, int to, bool more)
{
    std::string xml = "<?xml version=\"1.0\"?>\n<ListPartsResult>";
    for (int i = from; i <= to; ++i)
        xml += fmt::format("<Part><PartNumber>{}</PartNumber><ETag>\"e{}\"</ETag><HashCrc64ecma>{}</HashCrc64ecma>"
                           "<Size>{}</Size></Part>",
                           i, i, 1000 + i, 100 + i);
    return xml + fmt::format("<NextPartNumberMarker>{}</NextPartNumberMarker><IsTruncated>{}</IsTruncated>"
                             "</ListPartsResult>",
                             to, more);
}

std::vector<PartInfo> two_parts()
{
    return {{.number = 1, .size = 10, .etag = "a\"<&"}, {.number = 3, .size = 5, .etag = "b"}};
}

}  // namespace

INSTANTIATE_TEST_SUITE_P(Dialects, Stores, ::testing::Values(StoreDialect::oss, StoreDialect::s3),
                         [](auto const &dialect) { return dialect.param == StoreDialect::oss ? "oss" : "s3"; });

TEST_P(Stores, EveryRequestIsSigned)
{
    m_keys.token = "the-token";
    m_script = {{.body = "<InitiateMultipartUploadResult><UploadId>U</UploadId></InitiateMultipartUploadResult>"},
                {.headers = {{"ETag", "\"x\""}}}};
    EXPECT_EQ(m_store->begin_upload("a b/\xE9\x95\x9C.qcow2").value(), "U");
    EXPECT_EQ(asked(0).target, "/imgs/a%20b/%E9%95%9C.qcow2?uploads");
    EXPECT_EQ(asked(0).method, "POST");
    EXPECT_EQ(asked(0).header("host"), "127.0.0.1:" + std::to_string(m_server.port()));
    EXPECT_THAT(asked(0).header("authorization"), HasSubstr(oss() ? "OSS4-HMAC-SHA256" : "AWS4-HMAC-SHA256"));
    EXPECT_EQ(asked(0).header(oss() ? "x-oss-security-token" : "x-amz-security-token"), "the-token");
    TextBody body("12345");
    EXPECT_TRUE(m_store->send_part("k", "U", 7, body));
    EXPECT_EQ(asked(1).header(oss() ? "x-oss-content-sha256" : "x-amz-content-sha256"), "UNSIGNED-PAYLOAD");
    EXPECT_FALSE(asked(1).headers.contains("content-encoding"));
}

TEST_P(Stores, VersionOneOfOss)
{
    auto const old = make_object_store({.bucket = "imgs", .endpoint = m_server.url(), .signature = ObjectSignature::v1},
                                       *m_http, m_keys)
                         .value();
    m_script = {{.headers = {{"ETag", "\"x\""}}, .length = 5}};
    EXPECT_TRUE(old->head("k"));
    EXPECT_THAT(asked(0).header("authorization"), HasSubstr("OSS LTAI-TEST:"));
}

TEST_P(Stores, APartIsSent)
{
    m_script = {{.headers = {{"ETag", "\"0cc1\""}, {"x-oss-hash-crc64ecma", "11051210869376104954"}}}, {}};
    TextBody body("12345");
    auto const part = m_store->send_part("dir/key", "U+1", 7, body);
    ASSERT_TRUE(part) << describe(part.error().error);
    EXPECT_EQ(part->number, 7U);
    EXPECT_EQ(part->size, 5U);
    EXPECT_EQ(part->etag, "0cc1");
    EXPECT_EQ(part->crc64, 11051210869376104954U);
    EXPECT_EQ(asked(0).method, "PUT");
    EXPECT_EQ(asked(0).target, "/imgs/dir/key?partNumber=7&uploadId=U%2B1");
    EXPECT_EQ(asked(0).body, "12345");
    EXPECT_FALSE(m_store->send_part("dir/key", "U", 7, body)) << "without an ETag it cannot be completed";
}

TEST_P(Stores, TheHead)
{
    m_script = {
        {.headers = {{"ETag", "\"e\""}, {"x-oss-hash-crc64ecma", "5"}}, .length = 1'234'567'890'123},
        {.status = 404},
        {.status = 403},
        {.status = 404, .headers = {{"x-oss-err", "PEVycm9yPjxDb2RlPk5vU3VjaEJ1Y2tldDwvQ29kZT48L0Vycm9yPg=="}}}};
    auto const found = m_store->head("k").value();
    ASSERT_TRUE(found);
    EXPECT_EQ(found->size, 1'234'567'890'123U);
    EXPECT_EQ(found->etag, "e");
    EXPECT_EQ(found->crc64, 5U);
    EXPECT_EQ(m_store->head("k").value(), std::nullopt);
    EXPECT_EQ(m_store->head("k").error().code, "NoSuchBucket");
}

TEST_P(Stores, ARefusedHeadIsAskedForItsReason)
{
    m_script = {{.status = 403, .headers = {{"x-amz-request-id", "R1"}}},
                {.status = 403, .body = error_xml("InvalidAccessKeyId")},
                {.status = 403},
                {.status = 206, .body = "x"}};
    EXPECT_EQ(m_store->head("k").error().code, "InvalidAccessKeyId");
    EXPECT_EQ(asked(1).method, "GET");
    EXPECT_EQ(asked(1).header("range"), "bytes=0-0");
    EXPECT_EQ(m_store->head("k").error().status, 403) << "whatever comes of it";
}

TEST_P(Stores, PartsOfManyPages)
{
    m_script = {{.body = parts_page(1, 1000, true)}, {.body = parts_page(1001, 1003, false)}};
    auto const parts = m_store->parts("k", "U");
    ASSERT_TRUE(parts) << describe(parts.error().error);
    ASSERT_EQ(parts->size(), 1003U);
    EXPECT_EQ(parts->back().number, 1003U);
    EXPECT_EQ(parts->back().size, 1103U);
    EXPECT_EQ(parts->back().etag, "e1003");
    EXPECT_EQ(parts->back().crc64, 2003U);
    EXPECT_THAT(asked(0).target, HasSubstr("part-number-marker=0"));
    EXPECT_THAT(asked(1).target, HasSubstr("part-number-marker=1000"));
}

TEST_P(Stores, AListThatDoesNotEnd)
{
    m_script = {{.body = parts_page(1, 2, true)}};
    auto const again = m_store->parts("k", "U");
    ASSERT_FALSE(again);
    EXPECT_THAT(again.error().error.message, HasSubstr("does not go on"));
    EXPECT_FALSE(again.error().retry);
    EXPECT_LE(m_server.asked().size(), 3U);
    m_script = {{.body = "<ListMultipartUploadsResult><IsTruncated>true</IsTruncated>"
                         "<NextKeyMarker>k</NextKeyMarker></ListMultipartUploadsResult>"}};
    EXPECT_FALSE(m_store->unfinished_uploads(""));
    EXPECT_LE(m_server.asked().size(), 6U);
}

TEST_P(Stores, UnfinishedUploadsOfManyPages)
{
    m_script = {
        {.body = "<ListMultipartUploadsResult><EncodingType>url</EncodingType><NextKeyMarker>a%20b%2B</NextKeyMarker>"
                 "<NextUploadIdMarker>U2</NextUploadIdMarker><IsTruncated>true</IsTruncated>"
                 "<Upload><Key>a%20b%2B</Key><UploadId>U1</UploadId><Initiated>2026-01-01T00:00:00.000Z</Initiated>"
                 "</Upload><Upload><Key>a%20b%2B</Key><UploadId>U2</UploadId></Upload></ListMultipartUploadsResult>"},
        {.body = "<ListMultipartUploadsResult><IsTruncated>false</IsTruncated>"
                 "<Upload><Key>z%20</Key><UploadId>U3</UploadId></Upload></ListMultipartUploadsResult>"}};
    auto const uploads = m_store->unfinished_uploads("a b");
    ASSERT_TRUE(uploads) << describe(uploads.error().error);
    std::vector<std::string> names;
    for (auto const &upload : *uploads)
        names.push_back(upload.key + " " + upload.id);
    EXPECT_THAT(names, ElementsAre("a b+ U1", "a b+ U2", "z%20 U3")) << "decoded only where the server has encoded";
    EXPECT_EQ(uploads->front().initiated, "2026-01-01T00:00:00.000Z");
    EXPECT_THAT(asked(0).target, AllOf(HasSubstr("prefix=a%20b"), HasSubstr("uploads"), Not(HasSubstr("marker"))));
    EXPECT_THAT(asked(1).target, AllOf(HasSubstr("key-marker=a%20b%2B"), HasSubstr("upload-id-marker=U2")));
    EXPECT_TRUE(asked(0).target.starts_with("/imgs?")) << asked(0).target;
    EXPECT_EQ(asked(0).target.find("encoding-type=url") != std::string::npos, oss());
}

TEST_P(Stores, Completion)
{
    m_script = {{.headers = {{"x-oss-hash-crc64ecma", "77"}},
                 .body = "  <?xml version=\"1.0\"?><CompleteMultipartUploadResult><ETag>\"e-2\"</ETag>"
                         "</CompleteMultipartUploadResult>"}};
    auto const object = m_store->complete_upload("k", "U", two_parts(), false);
    ASSERT_TRUE(object) << describe(object.error().error);
    EXPECT_EQ(object->etag, "e-2");
    EXPECT_EQ(object->size, 15U);
    EXPECT_EQ(object->crc64, 77U);
    EXPECT_EQ(asked(0).body,
              "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>\"a&quot;&lt;&amp;\"</ETag>"
              "</Part><Part><PartNumber>3</PartNumber><ETag>\"b\"</ETag></Part></CompleteMultipartUpload>");
    EXPECT_EQ(asked(0).header("content-type"), "application/xml");
    EXPECT_FALSE(asked(0).headers.contains("x-oss-forbid-overwrite"));
    EXPECT_FALSE(asked(0).headers.contains("if-none-match"));
}

TEST_P(Stores, CompletionThatMayNotOverwrite)
{
    m_script = {{.status = 412, .body = error_xml("PreconditionFailed")}};
    auto const object = m_store->complete_upload("k", "U", two_parts(), true);
    ASSERT_FALSE(object);
    EXPECT_THAT(describe(object.error().error), HasSubstr("--overwrite"));
    EXPECT_EQ(asked(0).header(oss() ? "x-oss-forbid-overwrite" : "if-none-match"), oss() ? "true" : "*");
    EXPECT_EQ(m_server.asked().size(), 1U);
}

TEST_P(Stores, AStoreThatDoesNotKnowTheCondition)
{
    m_script = {{.status = 501, .body = error_xml("NotImplemented")},
                {.body = "<CompleteMultipartUploadResult><ETag>\"e\"</ETag></CompleteMultipartUploadResult>"}};
    auto const object = m_store->complete_upload("k", "U", two_parts(), true);
    EXPECT_EQ(object.has_value(), !oss());
    EXPECT_EQ(m_server.asked().size(), oss() ? 1U : 2U);
}

TEST_P(Stores, CompletionThatFailsLate)
{
    m_script = {{.body = "   \n" + error_xml("InternalError")}, {.body = error_xml("InvalidPart")}, {.body = ""}};
    auto const late = m_store->complete_upload("k", "U", two_parts(), false);
    ASSERT_FALSE(late) << "200 with an error in it";
    EXPECT_EQ(late.error().code, "InternalError");
    EXPECT_TRUE(late.error().retry);
    auto const part = m_store->complete_upload("k", "U", two_parts(), false);
    EXPECT_EQ(part.error().code, "InvalidPart");
    EXPECT_FALSE(part.error().retry);
    EXPECT_FALSE(m_store->complete_upload("k", "U", two_parts(), false)) << "nothing is no success";
}

TEST_P(Stores, CompletionWithoutAnEtagIsLookedAt)
{
    m_script = {{.body = "<CompleteMultipartUploadResult><ETag></ETag></CompleteMultipartUploadResult>"},
                {.headers = {{"ETag", "\"real-2\""}}, .length = 16},
                {.body = "<CompleteMultipartUploadResult><ETag></ETag></CompleteMultipartUploadResult>"},
                {.status = 403}};
    auto const object = m_store->complete_upload("k", "U", two_parts(), false);
    EXPECT_EQ(object.value().etag, "real-2");
    EXPECT_EQ(object.value().size, 16U);
    EXPECT_EQ(asked(1).method, "HEAD");
    auto const unseen = m_store->complete_upload("k", "U", two_parts(), false);
    ASSERT_TRUE(unseen) << "it is complete, whether we may look or not";
    EXPECT_EQ(unseen->size, 15U);
}

TEST_P(Stores, Abort)
{
    m_script = {{.status = 204}, {.status = 404, .body = error_xml("NoSuchUpload")}};
    EXPECT_TRUE(m_store->abort_upload("k", "U"));
    EXPECT_EQ(asked(0).method, "DELETE");
    EXPECT_EQ(asked(0).target, "/imgs/k?uploadId=U");
    EXPECT_EQ(m_store->abort_upload("k", "U").error().code, "NoSuchUpload");
}

TEST_P(Stores, FailuresKeepTheirMeaning)
{
    m_script = {
        {.status = 503, .headers = {{"Retry-After", "3"}, {"x-oss-request-id", "R1"}}, .body = error_xml("SlowDown")},
        {.cut = true},  // the kept connection, which is made again
        {.cut = true},
        {.body = "<html>log in here</html>"}};
    TextBody body("12345");
    auto const slow = m_store->send_part("k", "U", 1, body);
    EXPECT_TRUE(slow.error().retry);
    EXPECT_EQ(slow.error().wait, milliseconds(3000));
    EXPECT_EQ(slow.error().request_id, "R1");
    auto const cut = m_store->send_part("k", "U", 1, body);
    EXPECT_TRUE(cut.error().retry);
    EXPECT_EQ(cut.error().status, 0);
    EXPECT_EQ(cut.error().error.file, oss() ? "oss://imgs/k" : "s3://imgs/k");
    auto const portal = m_store->begin_upload("k");
    EXPECT_THAT(describe(portal.error().error), HasSubstr("not that of an object store"));
    EXPECT_FALSE(portal.error().retry);
    body.fails_at = 0;
    auto const source = m_store->send_part("k", "U", 1, body);
    EXPECT_EQ(source.error().error.file, "disk.raw") << "it is the source that failed";
    EXPECT_FALSE(source.error().retry);
}

TEST_P(Stores, NoSecretIsShown)
{
    m_keys.token = "the-token";
    for (const char *const secret : {"the-secret", "the-token", "OSS4-HMAC-SHA256 Signature=00"}) {
        m_script = {{.status = 403,
                     .headers = {{"x-amz-request-id", secret}},
                     .body = fmt::format("<Error><Code>{0}</Code><Message>{0}</Message><Region>{0}</Region>"
                                         "<Endpoint>{0}</Endpoint><RequestId>{0}</RequestId></Error>",
                                         secret)}};
        auto const failure = m_store->begin_upload("k").error();
        EXPECT_THAT(describe(failure.error) + failure.code + failure.request_id, Not(HasSubstr(secret)));
        EXPECT_EQ(failure.status, 403);
    }
}
