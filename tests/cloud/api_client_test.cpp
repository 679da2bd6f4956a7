#include "cloud/api_client.hpp"

#include <gtest/gtest.h>

#include "cloud/api_errors.hpp"
#include "testing/fake_cloud.hpp"

using namespace imgport;
using namespace imgport::testing;

namespace {

struct Api {
    FakeApi http;
    CloudKeys who;
    ApiSignature signature = ApiSignature::acs3;

    ApiResult<Json> call(const NamedValues &parameters = {})
    {
        return ApiClient({"https", "ecs.test"}, "ecs", "2014-05-26", signature, http, who).call("DoIt", parameters);
    }
    ApiFailure failure(HttpAnswer answer)
    {
        http.answers["DoIt"] = {std::move(answer)};
        auto const result = call();
        EXPECT_FALSE(result);
        return result ? ApiFailure{} : result.error();
    }
};

std::string nonce_of(const HttpRequest &request)
{
    for (auto const &[name, value] : request.headers) {
        if (name == "x-acs-signature-nonce")
            return value;
    }
    return {};
}

}  // namespace

TEST(ApiEndpoint, IsAHostAndNothingElse)
{
    EXPECT_EQ(parse_api_endpoint("https://ecs.cn-hangzhou.aliyuncs.com/")->host, "ecs.cn-hangzhou.aliyuncs.com");
    EXPECT_EQ(parse_api_endpoint("ecs-vpc.cn-hangzhou.aliyuncs.com")->scheme, "https");
    EXPECT_EQ(parse_api_endpoint("http://127.0.0.1:8080")->host, "127.0.0.1:8080");
    EXPECT_EQ(parse_api_endpoint("http://[::1]:8080")->scheme, "http");
    for (const char *const bad :
         {"", "https://", "http://ecs.cn-hangzhou.aliyuncs.com", "ftp://host", "https://host/path", "https://host?x=1",
          "https://us:pw@host", "host name", "http://127.0.0.1.evil.org", "http://localhost.evil.org:80",
          "https://host\r\nX: y"}) {
        auto const parsed = parse_api_endpoint(bad);
        ASSERT_FALSE(parsed) << bad;
        EXPECT_EQ(parsed.error().code, ErrorCode::usage);
        EXPECT_EQ(parsed.error().message.find("pw"), std::string::npos);
    }
}

TEST(ApiClient, GivesTheReplyAsJson)
{
    Api api;
    api.http.answers["DoIt"] = {json_answer(200, R"({"RequestId": "R", "ImageId": "m-1", "Count": 7, "Ok": true})")};
    auto const reply = api.call({{"RegionId", "cn-hangzhou"}, {"Name", "a b/镜像"}});
    ASSERT_TRUE(reply);
    EXPECT_EQ(text_in(*reply, "ImageId"), "m-1");
    EXPECT_EQ(text_in(*reply, "Count"), "7");
    EXPECT_EQ(text_in(*reply, "Ok"), "true");
    EXPECT_EQ(text_in(*reply, "Missing"), "");
    ASSERT_EQ(api.http.calls.size(), 1U);
    EXPECT_EQ(api.http.calls[0].parameters.at("Name"), "a b/镜像");
    EXPECT_TRUE(api.http.requests[0].url.starts_with("https://ecs.test/?"));
    EXPECT_LE(api.http.requests[0].reply_limit, std::size_t{1} << 20);
}

TEST(ApiClient, SignsEachAttemptAnew)
{
    Api api;
    api.http.answers["DoIt"] = {no_answer(), api_error(503, "ServiceUnavailable"), json_answer(200, "{}")};
    std::vector<std::string> told;
    auto const reply = ApiClient({"https", "ecs.test"}, "ecs", "2014-05-26", ApiSignature::acs3, api.http, api.who)
                           .call_patiently("DoIt", {}, {.attempts = 5, .first_wait = std::chrono::milliseconds(1)},
                                           [&](const ApiFailure &failure, auto) { told.push_back(failure.code); });
    EXPECT_TRUE(reply);
    EXPECT_EQ(told, (std::vector<std::string>{"", "ServiceUnavailable"}));
    ASSERT_EQ(api.http.requests.size(), 3U);
    EXPECT_EQ(nonce_of(api.http.requests[0]).size(), 32U);
    EXPECT_NE(nonce_of(api.http.requests[0]), nonce_of(api.http.requests[1]));
    EXPECT_NE(nonce_of(api.http.requests[1]), nonce_of(api.http.requests[2]));
}

TEST(ApiClient, RetriesWhatMayPass)
{
    struct Case {
        int status;
        const char *code;
        bool retry;
    };
    for (auto const &[status, code, retry] :
         {Case{400, "Throttling", true}, Case{400, "Throttling.User", true}, Case{503, "ServiceUnavailable", true},
          Case{500, "InternalError", true}, Case{500, "Unheard.Of", true}, Case{429, "Unheard.Of", true},
          Case{400, "SignatureNonceUsed", true}, Case{403, "IdempotentProcessing", true},
          Case{400, "ThrottlingLike", false}, Case{400, "InvalidParameter", false}, Case{403, "Forbidden.RAM", false},
          Case{400, "DryRunOperation", false}, Case{400, "IdempotentParameterMismatch", false},
          Case{400, "SignatureDoesNotMatch", false}}) {
        Api api;
        auto const failure = api.failure(api_error(status, code));
        EXPECT_EQ(failure.retry, retry) << code;
        EXPECT_EQ(failure.code, code);
        EXPECT_EQ(failure.status, status);
        EXPECT_EQ(failure.request_id, "REQ-1");
        EXPECT_EQ(failure.error.code, ErrorCode::remote);
        EXPECT_NE(failure.error.message.find("REQ-1"), std::string::npos) << failure.error.message;
    }
    Api api;
    EXPECT_TRUE(api.failure(no_answer(true)).retry);
    EXPECT_FALSE(api.failure(no_answer(false)).retry);
}

TEST(ApiClient, ObeysTheServersPatience)
{
    Api api;
    EXPECT_EQ(api.failure(json_answer(503, R"({"Code":"ServiceUnavailable"})", {{"retry-after", "7"}})).wait,
              std::chrono::seconds(7));
    EXPECT_EQ(api.failure(json_answer(503, "{}", {{"retry-after", "99999999999"}})).wait, std::chrono::seconds(600));
    EXPECT_FALSE(api.failure(json_answer(503, "{}", {{"retry-after", "soon"}})).wait);
}

TEST(ApiClient, TakesNoReplyForMoreThanItIs)
{
    Api api;
    for (const char *const body : {"", "<html>", "[1]", "\"text\"", "{\"a\": ", "null", "{\"a\": \"\xff\"}"}) {
        auto const failure = api.failure(json_answer(200, body));
        EXPECT_FALSE(failure.retry) << body;
        EXPECT_NE(failure.error.message.find("200"), std::string::npos) << failure.error.message;
    }
    // Deeper than any answer: not even parsed.
    EXPECT_EQ(api.failure(json_answer(200, R"({"a":)" + std::string(500'000, '['))).code, "");
    EXPECT_TRUE(api.failure(json_answer(502, "<html>Bad Gateway</html>")).retry);
    auto const moved = api.failure(json_answer(302, "", {{"location", "http://elsewhere/"}}));
    EXPECT_FALSE(moved.retry);
    EXPECT_NE(moved.error.message.find("elsewhere"), std::string::npos);
    // A code and an id that are none are not taken up.
    auto const odd =
        api.failure(json_answer(400, R"({"Code":"x\u001b[31m y","RequestId":"../..","Message":"\u001b]0;"})"));
    EXPECT_EQ(odd.code, "");
    EXPECT_EQ(odd.request_id, "");
    EXPECT_EQ(odd.error.message.find('\x1b'), std::string::npos);
}

TEST(ApiClient, AnswersOfTheWrongShapeAreEmpty)
{
    Json const reply =
        Json::parse(R"({"Images": [], "Set": {"Item": {"a": 1}}, "Good": {"Item": [1, 2]}, "Id": ["x"]})");
    EXPECT_TRUE(list_in(reply, "Images", "Image").empty());
    EXPECT_TRUE(list_in(reply, "Set", "Item").empty());
    EXPECT_TRUE(list_in(reply, "None", "Item").empty());
    EXPECT_EQ(list_in(reply, "Good", "Item").size(), 2U);
    EXPECT_EQ(text_in(reply, "Id"), "");
    EXPECT_EQ(text_in(Json(3), "Id"), "");
    EXPECT_TRUE(is_api_id("m-bp67acfmxazb4p"));
    for (auto const &bad : std::vector<std::string>{"", "a b", "m-1\n", "../x", "x&y", std::string(129, 'a')})
        EXPECT_FALSE(is_api_id(bad)) << bad;
}

TEST(ApiClient, SaysWhatIsWrongWithTheKey)
{
    struct Case {
        const char *code;
        const char *word;  // of the message
        const char *hint;
    };
    for (auto const &[code, word, hint] :
         {Case{"InvalidAccessKeyId.NotFound", "does not know the access key", "comes from the test"},
          Case{"InvalidAccessKeyId.Inactive", "switched off", "comes from the test"},
          Case{"SignatureDoesNotMatch", "secret does not belong", "comes from the test"},
          Case{"IncompleteSignature", "secret does not belong", "comes from the test"},
          Case{"InvalidTimeStamp.Expired", "clock", "there it is Thu, 01 Jan"},
          Case{"IllegalTimestamp", "clock", "set the clock"},
          Case{"Forbidden.RAM", "the permission ecs:DoIt is missing", "RAM console"},
          Case{"NoPermission", "the permission ecs:DoIt is missing", "RAM console"},
          Case{"InvalidAction.NotFound", "ecs.test does not offer", "--api-endpoint"},
          Case{"Account.Arrearage", "unpaid", "settle"}}) {
        Api api;
        auto const failure = api.failure(json_answer(400, std::string(R"({"Code":")") + code + R"("})",
                                                     {{"date", "Thu, 01 Jan 2026 00:00:00 GMT"}}));
        EXPECT_NE(failure.error.message.find(word), std::string::npos) << failure.error.message;
        EXPECT_NE(failure.error.hint.find(hint), std::string::npos) << failure.error.hint;
    }
    Api without;
    EXPECT_NE(without.failure(api_error(400, "MissingSecurityToken")).error.message.find("wants a security token"),
              std::string::npos);
    Api api;
    api.who.keys.token = "STS-TOKEN-0123";
    EXPECT_NE(api.failure(api_error(400, "InvalidSecurityToken.Expired")).error.message.find("expired"),
              std::string::npos);
}

TEST(ApiClient, WithoutKeysNothingIsSent)
{
    Api api;
    api.who.error = Error{ErrorCode::usage, "no keys"};
    auto const result = api.call();
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().error.message, "no keys");
    EXPECT_FALSE(result.error().retry);
    EXPECT_TRUE(api.http.requests.empty());
}

// A server may send back what it was sent: keys and token, plain, encoded, or twice so.
TEST(ApiClient, ShowsNoKeyThatAServerQuotes)
{
    for (auto const signature : {ApiSignature::acs3, ApiSignature::rpc_v1}) {
        Api api;
        api.signature = signature;
        api.who.keys = {.id = "LTAIxyz", .secret = "secret/+==", .token = "CAIS+token/with==", .origin = "the test"};
        for (const char *const code : {"SignatureDoesNotMatch", "InvalidParameter", "Forbidden.RAM"}) {
            auto const failure =
                api.failure(api_error(400, code,
                                      "sign is:GET&LTAIxyz&CAIS+token/with== CAIS%2Btoken%2Fwith%3D%3D "
                                      "CAIS%252Btoken%252Fwith%253D%253D secret/+=="));
            std::string const all = failure.message + describe(failure.error) + quote(failure);
            for (const char *const secret : {"LTAIxyz", "CAIS", "secret/", "token"})
                EXPECT_EQ(all.find(secret), std::string::npos) << all;
        }
    }
}
