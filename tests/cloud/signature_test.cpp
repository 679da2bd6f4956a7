// Fixed values: OSS's and the API's are the vendor's libraries' own (ali-oss 6.23.0, @alicloud/openapi-util 0.3.3),
// S3's are the examples of AWS's documentation ("Authenticating Requests: Using the Authorization Header").
// tests/e2e/signatures.sh compares hundreds more with the libraries themselves.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cloud/api_signature.hpp"
#include "cloud/object_signature.hpp"
#include "cloud/signing.hpp"

using namespace imgport;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

namespace {

auto const new_year = std::chrono::system_clock::from_time_t(1767225600);  // 2026-01-01T00:00:00Z

std::string header(const NamedValues &headers, const std::string &name)
{
    std::string found = "(none)";
    for (auto const &[other, value] : headers)
        if (other == name)
            found = found == "(none)" ? value : found + " and " + value;
    return found;
}

// --- the address ---

TEST(RequestTarget, PutsTheBucketIntoThePathOrLeavesItToTheHost)
{
    ObjectRequest request{.method = "GET", .host = "h", .bucket = "imgs", .key = "a/b.qcow2"};
    EXPECT_EQ(request_target(request), "/a/b.qcow2");
    request.bucket_in_path = true;
    EXPECT_EQ(request_target(request), "/imgs/a/b.qcow2");
    request.key.clear();
    EXPECT_EQ(request_target(request), "/imgs");
    request.bucket_in_path = false;
    EXPECT_EQ(request_target(request), "/");
    request.bucket.clear();
    request.bucket_in_path = true;
    EXPECT_EQ(request_target(request), "/");
}

TEST(RequestTarget, EncodesAllButTheUnreserved)
{
    ObjectRequest request{.method = "GET", .host = "h", .bucket = "imgs", .key = "a b/\xe9\x95\x9c*!()~'+%&=?#."};
    EXPECT_EQ(request_target(request), "/a%20b/%E9%95%9C%2A%21%28%29~%27%2B%25%26%3D%3F%23.");
    request.key = "k";
    request.query = {{"uploads", ""}, {"prefix", "a/b c+\xe9\x95\x9c"}, {"key marker", "~"}};
    EXPECT_EQ(request_target(request), "/k?uploads&prefix=a%2Fb%20c%2B%E9%95%9C&key%20marker=~");
}

// --- OSS ---

Credentials oss_user()
{
    return {.id = "LTAI-FAKE-KEY", .secret = "fake/secret+key=="};
}

constexpr const char *image_key = "a b/\xe9\x95\x9c\xe5\x83\x8f.qcow2";

ObjectRequest oss_request(const std::string &method, const std::string &key, NamedValues query = {})
{
    return {.method = method,
            .host = "imgs.oss-cn-hangzhou.aliyuncs.com",
            .bucket = "imgs",
            .key = key,
            .query = std::move(query),
            .headers = {{"Content-Type", "application/octet-stream"}}};
}

std::string oss_v1(ObjectRequest request, Credentials who = oss_user())
{
    sign_oss_v1(request, who, new_year);
    return header(request.headers, "Authorization");
}

std::string oss_v4(ObjectRequest request, Credentials who = oss_user())
{
    sign_oss_v4(request, who, "cn-hangzhou", new_year);
    std::string const authorization = header(request.headers, "Authorization");
    EXPECT_THAT(authorization, StartsWith("OSS4-HMAC-SHA256 Credential=LTAI-FAKE-KEY/20260101/cn-hangzhou/oss/"
                                          "aliyun_v4_request,Signature="));
    return authorization.substr(authorization.size() - 64);
}

// The vendor's library signs the time as x-oss-date: both as the date and among the headers of that prefix.
TEST(OssV1, IsTheVendorLibrarys)
{
    auto const signed_by_vendor = [](ObjectRequest request) {
        request.headers.emplace_back("x-oss-date", "Thu, 01 Jan 2026 00:00:00 GMT");
        return oss_v1(request);
    };
    auto request = oss_request("PUT", image_key);
    request.headers.emplace_back("Content-MD5", "eB5eJF1ptWaXm4bijSPyxw==");
    request.headers.emplace_back("x-oss-meta-z", "1");
    EXPECT_EQ(signed_by_vendor(request), "OSS LTAI-FAKE-KEY:odRwol7oRr+LoZwZ6KLwwI5Twro=");
    EXPECT_EQ(signed_by_vendor(oss_request("POST", "a.qcow2", {{"uploads", ""}})),
              "OSS LTAI-FAKE-KEY:rYWSej520r9E/2i0uke6cLiax0c=");
    EXPECT_EQ(
        signed_by_vendor(oss_request("PUT", "a.qcow2", {{"partNumber", "3"}, {"uploadId", "0004B9895DBBB6EC98E36"}})),
        "OSS LTAI-FAKE-KEY:06aLUAp70F2FH4xDS+MLFjq6XgA=");
}

// The string to sign, written out here, and signed by Python's hmac.
TEST(OssV1, PutsTheTimeIntoDate)
{
    // PUT\n\napplication/octet-stream\nThu, 01 Jan 2026 00:00:00 GMT\nx-oss-security-token:TOKEN\n
    // /imgs/a.qcow2?partNumber=3&uploadId=U
    auto request = oss_request("PUT", "a.qcow2", {{"uploadId", "U"}, {"partNumber", "3"}});
    Credentials who = oss_user();
    who.token = "TOKEN";
    sign_oss_v1(request, who, new_year);
    EXPECT_EQ(header(request.headers, "Date"), "Thu, 01 Jan 2026 00:00:00 GMT");
    EXPECT_EQ(header(request.headers, "x-oss-security-token"), "TOKEN");
    EXPECT_EQ(header(request.headers, "Authorization"), "OSS LTAI-FAKE-KEY:VrwMtvZGNLnEHl2DOYvttgJAh8c=");
}

TEST(OssV1, SignsNoParameterThatOnlyNarrowsAListing)
{
    auto const plain = oss_v1(oss_request("GET", "", {{"uploads", ""}}));
    EXPECT_EQ(oss_v1(oss_request("GET", "", {{"uploads", ""}, {"prefix", "a"}, {"max-uploads", "7"}})), plain);
    EXPECT_NE(oss_v1(oss_request("GET", "", {{"uploads", "x"}})), plain);
    EXPECT_NE(oss_v1(oss_request("GET", "", {{"uploads", ""}, {"uploadId", "a"}})), plain);
    EXPECT_NE(oss_v1(oss_request("GET", "", {{"uploads", ""}, {"x-oss-process", "a"}})), plain);
}

TEST(OssV1, IsTheSameForABucketInThePath)
{
    auto request = oss_request("GET", "a.qcow2");
    auto const hosted = oss_v1(request);
    request.bucket_in_path = true;
    request.host = "127.0.0.1:7490";
    EXPECT_EQ(oss_v1(request), hosted);
}

TEST(OssV4, IsTheVendorLibrarys)
{
    EXPECT_EQ(oss_v4(oss_request("PUT", image_key)),
              "39401253d4abccc3ceb7c8879544701659e9367c0aae8dd53941db3f672a2127");
    EXPECT_EQ(oss_v4(oss_request("POST", "a.qcow2", {{"uploads", ""}})),
              "1914cc52ec0a10563dc3bd74e8d9c8adf1c69aa267ca5022dd48e60bf0872379");
}

TEST(OssV4, SaysWhatItSignedWith)
{
    auto request = oss_request("GET", "a");
    Credentials who = oss_user();
    who.token = "TOKEN";
    sign_oss_v4(request, who, "cn-hangzhou", new_year);
    EXPECT_EQ(header(request.headers, "x-oss-date"), "20260101T000000Z");
    EXPECT_EQ(header(request.headers, "x-oss-content-sha256"), "UNSIGNED-PAYLOAD");
    EXPECT_EQ(header(request.headers, "x-oss-security-token"), "TOKEN");
}

TEST(OssV4, SignsHeadersOfItsPrefixAndTheTypeAndNoOthers)
{
    auto request = oss_request("PUT", "a");
    auto const plain = oss_v4(request);
    request.headers.emplace_back("If-None-Match", "*");
    request.host = "cdn.example.com";
    EXPECT_EQ(oss_v4(request), plain);
    request.headers.emplace_back("X-OSS-Forbid-Overwrite", "true");
    auto const forbidding = oss_v4(request);
    EXPECT_NE(forbidding, plain);
    request.headers.back() = {"x-oss-forbid-overwrite", "  true\t"};
    EXPECT_EQ(oss_v4(request), forbidding) << "the case of a name and blanks around a value do not count";
    request.headers.front().second = "text/plain";
    EXPECT_NE(oss_v4(request), forbidding);
}

TEST(OssV4, SortsTheQueryByBytes)
{
    auto const sorted = oss_v4(oss_request("GET", "", {{"Z", "1"}, {"a", "2"}, {"a-b", ""}}));
    EXPECT_EQ(oss_v4(oss_request("GET", "", {{"a-b", ""}, {"a", "2"}, {"Z", "1"}})), sorted);
    EXPECT_EQ(canonical_query({{"a-b", ""}, {"a", "2"}, {"Z", "1"}, {"~", "x y"}}, EmptyValue::bare),
              "Z=1&a=2&a-b&~=x%20y");
}

// A request that is sent again is signed again, with a new date and perhaps another key.
TEST(Signatures, OfAnEarlierTryAreReplaced)
{
    for (auto const &sign : std::vector<std::function<void(ObjectRequest &, const Credentials &, Moment)>>{
             sign_oss_v1, [](auto &request, auto &who, auto when) { sign_oss_v4(request, who, "cn-hangzhou", when); },
             [](auto &request, auto &who, auto when) { sign_aws_v4(request, who, "r", "UNSIGNED-PAYLOAD", when); }}) {
        Credentials old = oss_user();
        old.token = "OLD";
        Credentials fresh{.id = "NEW", .secret = "s", .token = "TOKEN"};
        auto once = oss_request("PUT", "a");
        auto twice = once;
        sign(once, fresh, new_year + std::chrono::hours(1));
        sign(twice, old, new_year);
        sign(twice, fresh, new_year + std::chrono::hours(1));
        EXPECT_EQ(twice.headers, once.headers);
        EXPECT_THAT(header(twice.headers, "Authorization"), Not(HasSubstr(" and ")));
    }
}

// --- S3 ---

auto const aws_day = std::chrono::system_clock::from_time_t(1369353600);  // 2013-05-24T00:00:00Z
constexpr const char *empty_hash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

std::string aws_v4(const std::string &method, const std::string &key, NamedValues query = {}, NamedValues headers = {},
                   const std::string &hash = empty_hash)
{
    Credentials const who{.id = "AKIAIOSFODNN7EXAMPLE", .secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"};
    ObjectRequest request{.method = method,
                          .host = "examplebucket.s3.amazonaws.com",
                          .bucket = "examplebucket",
                          .key = key,
                          .query = std::move(query),
                          .headers = std::move(headers)};
    sign_aws_v4(request, who, "us-east-1", hash, aws_day);
    EXPECT_EQ(header(request.headers, "x-amz-date"), "20130524T000000Z");
    EXPECT_EQ(header(request.headers, "x-amz-content-sha256"), hash);
    return header(request.headers, "Authorization");
}

constexpr const char *aws_start =
    "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, ";

TEST(AwsV4, GetObjectExample)
{
    EXPECT_EQ(aws_v4("GET", "test.txt", {}, {{"Range", "bytes=0-9"}}),
              std::string(aws_start) + "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date, "
                                       "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
}

TEST(AwsV4, PutObjectExample)
{
    EXPECT_EQ(aws_v4("PUT", "test$file.text", {},
                     {{"Date", "Fri, 24 May 2013 00:00:00 GMT"}, {"x-amz-storage-class", "REDUCED_REDUNDANCY"}},
                     "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072"),
              std::string(aws_start) + "SignedHeaders=date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class, "
                                       "Signature=98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd");
}

TEST(AwsV4, BucketLifecycleExample)
{
    EXPECT_THAT(aws_v4("GET", "", {{"lifecycle", ""}}),
                EndsWith("Signature=fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"));
}

TEST(AwsV4, ListObjectsExample)
{
    EXPECT_THAT(aws_v4("GET", "", {{"prefix", "J"}, {"max-keys", "2"}}),
                EndsWith("Signature=34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"));
}

TEST(AwsV4, CountsARunOfBlanksInAHeaderAsOne)
{
    EXPECT_EQ(aws_v4("PUT", "k", {}, {{"x-amz-meta-note", "  a   b \t c "}}),
              aws_v4("PUT", "k", {}, {{"X-Amz-Meta-Note", "a b c"}}));
}

TEST(AwsV4, LeavesOutWhatBelongsToTheConnection)
{
    EXPECT_EQ(aws_v4("PUT", "k", {}, {{"User-Agent", "x"}, {"Expect", "100-continue"}}), aws_v4("PUT", "k"));
}

TEST(AwsV4, SignsTheHostAsItIsSent)
{
    ObjectRequest request{
        .method = "PUT", .host = "127.0.0.1:7480", .bucket = "imgs", .key = "a", .bucket_in_path = true};
    auto other = request;
    other.host = "127.0.0.1";
    sign_aws_v4(request, oss_user(), "default", "UNSIGNED-PAYLOAD", new_year);
    sign_aws_v4(other, oss_user(), "default", "UNSIGNED-PAYLOAD", new_year);
    EXPECT_NE(header(request.headers, "Authorization"), header(other.headers, "Authorization"));
    EXPECT_EQ(header(request.headers, "Host"), "(none)") << "the transport makes it from the address";
}

// --- the API ---

ApiCall import_image()
{
    return {.host = "ecs.cn-hangzhou.aliyuncs.com",
            .action = "ImportImage",
            .version = "2014-05-26",
            .parameters = {{"RegionId", "cn-hangzhou"},
                           {"ImageName", "\xe9\x95\x9c\xe5\x83\x8f *!()~'+"},
                           {"DiskDeviceMapping.1.OSSObject", "a b/c&d=e.qcow2"},
                           {"DiskDeviceMapping.1.OSSBucket", "imgs"},
                           {"Description", ""}}};
}

constexpr const char *nonce = "d16a9a3bd90511ec0a467325edbdea4d";

TEST(SignCall, Acs3IsTheVendorLibrarys)
{
    auto const request = sign_call(import_image(), "https", oss_user(), ApiSignature::acs3, nonce, new_year);
    EXPECT_EQ(request.method, "POST");
    EXPECT_EQ(request.url, "https://ecs.cn-hangzhou.aliyuncs.com/?DiskDeviceMapping.1.OSSBucket=imgs&"
                           "DiskDeviceMapping.1.OSSObject=a%20b%2Fc%26d%3De.qcow2&"
                           "ImageName=%E9%95%9C%E5%83%8F%20%2A%21%28%29~%27%2B&RegionId=cn-hangzhou");
    EXPECT_EQ(request.text, "");
    EXPECT_EQ(header(request.headers, "x-acs-action"), "ImportImage");
    EXPECT_EQ(header(request.headers, "x-acs-version"), "2014-05-26");
    EXPECT_EQ(header(request.headers, "x-acs-date"), "2026-01-01T00:00:00Z");
    EXPECT_EQ(header(request.headers, "x-acs-signature-nonce"), nonce);
    EXPECT_EQ(header(request.headers, "x-acs-content-sha256"), empty_hash);
    EXPECT_EQ(header(request.headers, "x-acs-security-token"), "(none)");
    EXPECT_EQ(header(request.headers, "Authorization"),
              "ACS3-HMAC-SHA256 Credential=LTAI-FAKE-KEY,SignedHeaders=host;x-acs-action;x-acs-content-sha256;"
              "x-acs-date;x-acs-signature-nonce;x-acs-version,Signature="
              "01ae3b8ffa37d6b1eb4ae819bd5a49ff01f155884098a8026ddb1322bd7f2b22");
}

TEST(SignCall, Acs3SignsTheToken)
{
    Credentials who = oss_user();
    who.token = "TOKEN";
    auto const request = sign_call(import_image(), "https", who, ApiSignature::acs3, nonce, new_year);
    EXPECT_EQ(header(request.headers, "x-acs-security-token"), "TOKEN");
    EXPECT_THAT(header(request.headers, "Authorization"), HasSubstr("x-acs-date;x-acs-security-token;x-acs-signature"));
}

TEST(SignCall, RpcV1IsTheVendorLibrarys)
{
    auto const request = sign_call(import_image(), "http", oss_user(), ApiSignature::rpc_v1, nonce, new_year);
    EXPECT_EQ(request.method, "POST");
    EXPECT_THAT(request.url, StartsWith("http://ecs.cn-hangzhou.aliyuncs.com/?AccessKeyId=LTAI-FAKE-KEY&"
                                        "Action=ImportImage&DiskDeviceMapping.1.OSSBucket=imgs&"));
    EXPECT_THAT(request.url, HasSubstr("&Format=JSON&"));
    EXPECT_THAT(request.url, HasSubstr("&Timestamp=2026-01-01T00%3A00%3A00Z&Version=2014-05-26&"));
    EXPECT_THAT(request.url, EndsWith("&Signature=7BHp1pxeRKBmFsjx%2Bw%2BHmT8%2Btus%3D"));
    EXPECT_EQ(header(request.headers, "Authorization"), "(none)");
}

TEST(SignCall, RpcV1SignsTheToken)
{
    Credentials who = oss_user();
    who.token = "TO/KEN==";
    auto const request = sign_call(import_image(), "http", who, ApiSignature::rpc_v1, nonce, new_year);
    EXPECT_THAT(request.url, HasSubstr("&SecurityToken=TO%2FKEN%3D%3D&"));
}

TEST(SignCall, SendsNoParameterWithoutAValue)
{
    for (auto const signature : {ApiSignature::acs3, ApiSignature::rpc_v1})
        EXPECT_THAT(sign_call(import_image(), "http", oss_user(), signature, nonce, new_year).url,
                    Not(HasSubstr("Description")));
}

TEST(CompactTime, IsInSeconds)
{
    auto const when = std::chrono::system_clock::from_time_t(1772511906) + std::chrono::milliseconds(999);
    EXPECT_EQ(compact_time(when), "20260303T042506Z");
}

}  // namespace
