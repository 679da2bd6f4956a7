#include "cloud/object_store_failure.hpp"

#include <ctime>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cloud/object_store_reply.hpp"

using namespace imgport;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

namespace {

using Clock = std::chrono::system_clock;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

std::string http_date(Clock::time_point when)
{
    std::time_t const time = Clock::to_time_t(when);
    std::tm parts{};
    ::gmtime_r(&time, &parts);
    char text[64];
    std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts);
    return text;
}

const Clock::time_point now = Clock::from_time_t(1'767'225'600);  // 2026-01-01

HttpReply reply(int status, const std::string &code, const std::string &message = "no", const std::string &more = "")
{
    return {.status = status,
            .headers = {{"date", http_date(now)}, {"x-oss-request-id", "5C3D"}},
            .body =
                fmt::format("<?xml version=\"1.0\" encoding=\"UTF-8\"?><Error><Code>{}</Code><Message>{}</Message>{}"
                            "</Error>",
                            code, message, more)};
}

StoreQuestion question(StoreRequest request = StoreRequest::send_part, StoreDialect dialect = StoreDialect::oss)
{
    return {.request = request,
            .dialect = dialect,
            .object = "oss://imgs/a.qcow2",
            .place = {.scheme = "https", .host = "imgs.oss-cn-hangzhou.aliyuncs.com", .region = "cn-hangzhou"},
            .key_origin = "~/.aliyun/config.json [default]",
            .secret = "THE-SECRET",
            .token = "THE-TOKEN"};
}

std::string said(const StoreFailure &failure)
{
    return describe(failure.error);
}

}  // namespace

TEST(Refusal, SaysWhatIsWrongAndWhatToDo)
{
    struct Case {
        int status;
        const char *code;
        const char *words;
        const char *hint;
        bool retry = false;
    };
    for (auto const &[status, code, words, hint, retry] : {
             Case{403, "InvalidAccessKeyId", "does not know the access key", "~/.aliyun/config.json [default]"},
             Case{403, "SignatureDoesNotMatch", "the secret is not that of the access key", "config.json [default]"},
             Case{403, "AccessDenied", "access is denied", "oss:PutObject"},
             Case{404, "NoSuchBucket", "no such bucket", "in this region"},
             Case{404, "NoSuchUpload", "no such unfinished upload", "start the upload again"},
             Case{400, "PublicEndpointForbidden", "Chinese mainland", "--endpoint"},
             Case{403, "SecondLevelDomainForbidden", "the bucket in the host's name", "--endpoint"},
             Case{403, "SecurityTokenExpired", "has expired", "fetched anew"},
             Case{403, "ExpiredToken", "has expired", "fetched anew"},
             Case{403, "InvalidSecurityToken", "the token is not that of the access key", "fetched anew"},
             Case{403, "UserDisable", "overdue", ""},
             Case{400, "EntityTooSmall", "smaller than the store takes", "--part-size"},
             Case{400, "EntityTooLarge", "larger than the store takes", "--part-size"},
             Case{409, "FileAlreadyExists", "there already", "--overwrite"},
             Case{412, "PreconditionFailed", "there already", "--overwrite"},
             Case{400, "InvalidDigest", "damaged on its way", "", true},
             Case{400, "BadDigest", "damaged on its way", "", true},
             Case{400, "RequestTimeout", "waited too long", "", true},
             Case{500, "InternalError", "internal error", "", true},
             Case{503, "SlowDown", "fewer requests", "", true},
             Case{503, "ServiceUnavailable", "too busy", "", true},
             Case{503, "ServerBusy", "too busy", "", true},
             Case{429, "QpsLimitExceeded", "fewer requests", "", true},
             Case{503, "UploadTrafficRateLimitExceeded", "fewer requests", "", true},
             Case{501, "NotImplemented", "the store answered 501: no", ""},
             Case{400, "SomethingNew", "the store answered 400: no", ""},
             Case{502, "SomethingNew", "the store answered 502: no", "", true},
         }) {
        auto const failure = refusal(question(), reply(status, code), now);
        EXPECT_THAT(failure.error.message, HasSubstr(words)) << code;
        EXPECT_THAT(failure.error.message, HasSubstr(fmt::format("[{}, request 5C3D]", code)));
        EXPECT_THAT(failure.error.hint, HasSubstr(hint)) << code;
        EXPECT_EQ(failure.retry, retry) << code;
        EXPECT_EQ(failure.status, status);
        EXPECT_EQ(failure.code, code);
        EXPECT_EQ(failure.request_id, "5C3D");
        EXPECT_EQ(failure.error.file, "oss://imgs/a.qcow2");
        EXPECT_EQ(exit_code(failure.error.code), 4);
    }
}

TEST(Refusal, NamesThePermissionThatIsMissing)
{
    using enum StoreRequest;
    for (auto const &[request, oss, s3] : {
             std::tuple{head, "oss:GetObject", "s3:GetObject"},
             std::tuple{begin, "oss:PutObject", "s3:PutObject"},
             std::tuple{send_part, "oss:PutObject", "s3:PutObject"},
             std::tuple{list_parts, "oss:ListParts", "s3:ListMultipartUploadParts"},
             std::tuple{complete, "oss:PutObject", "s3:PutObject"},
             std::tuple{abort, "oss:AbortMultipartUpload", "s3:AbortMultipartUpload"},
             std::tuple{list_uploads, "oss:ListMultipartUploads", "s3:ListBucketMultipartUploads"},
         }) {
        EXPECT_THAT(refusal(question(request), reply(403, "AccessDenied"), now).error.hint, HasSubstr(oss));
        EXPECT_THAT(refusal(question(request, StoreDialect::s3), reply(403, "AccessDenied"), now).error.hint,
                    HasSubstr(s3));
    }
    // HEAD has no body to say it with.
    EXPECT_THAT(said(refusal(question(head), {.status = 403}, now)),
                AllOf(HasSubstr("access is denied"), HasSubstr("oss:GetObject")));
    EXPECT_THAT(said(refusal(question(), reply(403, "AccessDenied", "Hit deny policy"), now)),
                HasSubstr("access is denied: Hit deny policy"));
}

TEST(Refusal, SaysByHowMuchTheClockIsWrong)
{
    auto skewed = reply(403, "RequestTimeTooSkewed");
    skewed.headers[0].second = http_date(now + minutes(65));
    EXPECT_THAT(said(refusal(question(), skewed, now)),
                AllOf(HasSubstr("this machine's clock is 65 min behind the store's"), HasSubstr("set the clock")));
    skewed.headers[0].second = http_date(now - std::chrono::hours(25) - minutes(3));
    EXPECT_THAT(said(refusal(question(), skewed, now)), HasSubstr("25 h 3 min ahead of the store's"));
    skewed.headers[0].second = "yesterday, or so";
    EXPECT_THAT(said(refusal(question(), skewed, now)), HasSubstr("clock is too far from the store's"));
    // Stores that look at the signature first say something else.
    for (const char *const code : {"SignatureDoesNotMatch", "AccessDenied"}) {
        auto other = reply(403, code);
        other.headers[0].second = http_date(now + minutes(20));
        EXPECT_THAT(said(refusal(question(), other, now)), HasSubstr("20 min behind")) << code;
        other.headers[0].second = http_date(now + minutes(14));
        EXPECT_THAT(said(refusal(question(), other, now)), Not(HasSubstr("clock"))) << code;
    }
}

TEST(Refusal, NamesTheRegionThatIsRight)
{
    auto const oss = reply(403, "AccessDenied",
                           "The bucket you are attempting to access must be addressed using the specified endpoint.",
                           "<Endpoint>oss-cn-beijing.aliyuncs.com</Endpoint>");
    EXPECT_THAT(said(refusal(question(), oss, now)),
                AllOf(HasSubstr("the bucket is not in cn-hangzhou"), HasSubstr("oss-cn-beijing.aliyuncs.com"),
                      Not(HasSubstr("permission"))));
    auto const signing = reply(400, "InvalidArgument", "Invalid signing region in Authorization header.");
    EXPECT_THAT(said(refusal(question(), signing, now)), HasSubstr("--region"));
    auto const aws = reply(400, "AuthorizationHeaderMalformed",
                           "the region 'us-east-1' is wrong; expecting 'eu-west-1'", "<Region>eu-west-1</Region>");
    EXPECT_THAT(said(refusal(question(), aws, now)), HasSubstr("--region eu-west-1"));
    auto moved = reply(301, "PermanentRedirect", "x", "<Endpoint>s3.eu-west-2.amazonaws.com</Endpoint>");
    EXPECT_THAT(said(refusal(question(), moved, now)), HasSubstr("s3.eu-west-2.amazonaws.com"));
    moved.headers.emplace_back("x-amz-bucket-region", "eu-west-2");
    EXPECT_THAT(said(refusal(question(), moved, now)), HasSubstr("--region eu-west-2"));
    HttpReply const head{.status = 301, .headers = {{"x-amz-bucket-region", "eu-west-3"}}};
    EXPECT_THAT(said(refusal(question(StoreRequest::head), head, now)), HasSubstr("--region eu-west-3"));
    EXPECT_THAT(said(refusal(question(), reply(400, "InvalidArgument", "Part number must be 1 to 10000"), now)),
                Not(HasSubstr("region")));
}

TEST(Refusal, ObeysWhatTheStoreAsksFor)
{
    auto throttled = reply(503, "SlowDown");
    EXPECT_FALSE(refusal(question(), throttled, now).wait);
    throttled.headers.emplace_back("retry-after", "7");
    EXPECT_EQ(refusal(question(), throttled, now).wait, seconds(7));
    throttled.headers.emplace_back("x-oss-qos-delay-time", "9500");
    EXPECT_EQ(refusal(question(), throttled, now).wait, milliseconds(9500));
    throttled.headers[2].second = "999999";
    EXPECT_EQ(refusal(question(), throttled, now).wait, minutes(10)) << "no server holds us for days";
    throttled.headers.pop_back();
    throttled.headers[2].second = http_date(now + seconds(30));
    EXPECT_EQ(refusal(question(), throttled, now).wait, seconds(30));
    throttled.headers[2].second = http_date(now - seconds(30));
    EXPECT_EQ(refusal(question(), throttled, now).wait, seconds(0));
    throttled.headers[2].second = "-5";
    EXPECT_LE(refusal(question(), throttled, now).wait.value_or(milliseconds(0)), minutes(10));
}

TEST(Refusal, FindsTheErrorOfAReplyWithoutABody)
{
    // <Error><Code>NoSuchBucket</Code><Message>x</Message><RequestId>ID</RequestId></Error>
    HttpReply const head{.status = 404,
                         .headers = {{"x-oss-err", "PEVycm9yPjxDb2RlPk5vU3VjaEJ1Y2tldDwvQ29kZT48TWVzc2FnZT54PC9NZXNz"
                                                   "YWdlPjxSZXF1ZXN0SWQ+SUQ8L1JlcXVlc3RJZD48L0Vycm9yPg=="}}};
    auto const failure = refusal(question(StoreRequest::head), head, now);
    EXPECT_EQ(failure.code, "NoSuchBucket");
    EXPECT_EQ(failure.request_id, "ID");
}

TEST(Refusal, ACompletionWhoseConditionFailed)
{
    auto const swift = reply(412, "InvalidRequest", "Invalid Request.");
    EXPECT_THAT(said(refusal(question(StoreRequest::complete, StoreDialect::s3), swift, now)),
                AllOf(HasSubstr("there already"), HasSubstr("--overwrite"), HasSubstr("InvalidRequest")));
    EXPECT_THAT(said(refusal(question(StoreRequest::send_part), swift, now)), Not(HasSubstr("there already")));
}

TEST(Refusal, OfSomethingThatIsNoStore)
{
    auto const proxy = refusal(question(), {.status = 502, .body = "<html><body>Bad gateway"}, now);
    EXPECT_THAT(proxy.error.message, HasSubstr("the server answered 502"));
    EXPECT_TRUE(proxy.retry);
    auto const page = refusal(question(), {.status = 405, .body = "{}"}, now);
    EXPECT_THAT(page.error.hint, HasSubstr("object store"));
    EXPECT_FALSE(page.retry);
    EXPECT_FALSE(refusal(question(), {.status = 302}, now).retry);
}

TEST(Refusal, SaysNoSecretBackAndNothingThatATerminalObeys)
{
    for (const char *const message : {"you sent THE-SECRET", "token THE-TOKEN is bad", "OSS4 x,Signature=00ab"}) {
        auto const text = said(refusal(question(), reply(400, "SomethingNew", message), now));
        EXPECT_THAT(text, AllOf(Not(HasSubstr("THE-")), Not(HasSubstr("00ab")))) << message;
    }
    auto const rude = refusal(question(), reply(400, "A&#x9b;31m", "b&#x9b;31m"), now);
    EXPECT_THAT(said(rude), Not(HasSubstr("\xC2\x9B")));
}

TEST(StoreReply, BoundsAndOddities)
{
    EXPECT_FALSE(parse_store_error("<Error></Error>"));
    EXPECT_FALSE(parse_store_error("<!DOCTYPE x [<!ENTITY a \"b\">]><Error><Code>&a;</Code></Error>"));
    EXPECT_EQ(parse_store_error("\n\n <?xml version=\"1.0\"?><Error><Code>X</Code></Error>")->code, "X");
    EXPECT_FALSE(parse_upload_id("<InitiateMultipartUploadResult/>"));
    EXPECT_FALSE(parse_upload_id("<Other><UploadId>1</UploadId></Other>"));
    EXPECT_EQ(parse_upload_id("<InitiateMultipartUploadResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
                              "<UploadId>2~a</UploadId></InitiateMultipartUploadResult>")
                  .value(),
              "2~a");
    auto const part = [](const char *inside) {
        return parse_parts(fmt::format("<ListPartsResult><Part>{}</Part></ListPartsResult>", inside)).has_value();
    };
    EXPECT_TRUE(part("<PartNumber>10000</PartNumber><Size>1</Size>"));
    EXPECT_FALSE(part("<PartNumber>10001</PartNumber><Size>1</Size>"));
    EXPECT_FALSE(part("<PartNumber>0</PartNumber><Size>1</Size>"));
    EXPECT_FALSE(part("<PartNumber>1</PartNumber><Size>-1</Size>"));
    EXPECT_FALSE(part("<PartNumber>1</PartNumber>"));
    EXPECT_EQ(bare_etag(" \"ab-1\" "), "ab-1");
    EXPECT_EQ(bare_etag("\""), "\"");
    EXPECT_EQ(base64_decoded("aGVsbG8="), "hello");
    EXPECT_EQ(base64_decoded("a*"), std::nullopt);
}
