#include "cloud/credentials.hpp"

#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "cloud/cloud_testing.hpp"
#include "cloud/credential_places.hpp"
#include "cloud/http_server.hpp"
#include "cloud/ini_file.hpp"
#include "testing/temp_dir.hpp"

using namespace imgport;
using namespace imgport::testing;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

namespace {

using Clock = std::chrono::system_clock;

std::string utc(Clock::time_point when)
{
    std::time_t const seconds = Clock::to_time_t(when);
    std::tm parts{};
    ::gmtime_r(&seconds, &parts);
    char text[40];
    std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
    return text;
}

// A machine: its environment, a home, and a metadata service or none.
class Keys : public ::testing::Test {
protected:
    CleanEnvironment m_environment;
    Folder m_home;
    std::map<std::string, std::string> m_variables;
    std::string m_metadata = "http://127.0.0.1:1";  // nobody is there
    std::string m_roles = "http://127.0.0.1:1";
    std::unique_ptr<HttpTransport> m_http = make_http_transport();

    Surroundings around() const
    {
        return {[variables = m_variables](const std::string &name) {
                    auto const found = variables.find(name);
                    return found == variables.end() ? std::string() : found->second;
                },
                m_home.path(), m_metadata, m_roles};
    }
    Result<Credentials> alibaba() { return alibaba_credentials(*m_http, around())->get(); }
    Result<Credentials> aws() { return aws_credentials(*m_http, around())->get(); }

    void put(const std::string &name, const std::string &text)
    {
        std::filesystem::create_directories(std::filesystem::path(m_home / name).parent_path());
        m_home.write(name, text);
    }
};

Credentials good(const Result<Credentials> &got)
{
    EXPECT_TRUE(got) << describe(got.error());
    return got.value_or(Credentials{});
}

Error bad(const Result<Credentials> &got)
{
    EXPECT_FALSE(got) << got->origin;
    return got ? Error{} : got.error();
}

constexpr const char *cli_config = R"({
  "current": "default",
  "profiles": [
    {"name": "default", "mode": "AK", "access_key_id": "LTAI-ONE", "access_key_secret": "SECRET-ONE", "sts_token": "old"},
    {"name": "two", "mode": "StsToken", "access_key_id": "STS-TWO", "access_key_secret": "SECRET-TWO",
     "sts_token": "TOKEN-TWO"},
    {"name": "role", "mode": "RamRoleArn", "access_key_id": "LTAI-3", "access_key_secret": "SECRET-3",
     "ram_role_arn": "acs:ram::1:role/up", "ram_session_name": "ci", "expired_seconds": 900},
    {"name": "sso", "mode": "CloudSSO", "access_key_id": "x", "access_key_secret": "SECRET-4"},
    {"name": "ecs", "mode": "EcsRamRole", "ram_role_name": "uploader"},
    {"name": "empty", "mode": "AK", "access_key_id": "", "access_key_secret": ""}
  ]
})";

// Both clouds' services, with a role or without one.
class Metadata {
public:
    Metadata(bool alibaba, std::string roles) : m_alibaba(alibaba), m_roles(std::move(roles)) {}

    std::string url() const { return m_server.url(); }
    std::vector<Asked> asked() const { return m_server.asked(); }
    std::chrono::seconds lasts{3600};
    bool gives_tokens = true;
    bool wants_tokens = true;
    std::atomic<bool> gone = false;
    std::string keys = {};  // instead of what it would say

private:
    Said reply(const Asked &asked)
    {
        std::string const prefix = m_alibaba ? "x-aliyun-ecs-metadata-token" : "x-aws-ec2-metadata-token";
        std::string const roles =
            std::string("/latest/meta-data/") + (m_alibaba ? "ram" : "iam") + "/security-credentials/";
        if (gone)
            return {.status = 503};
        if (asked.method == "PUT" && asked.target == "/latest/api/token")
            return gives_tokens && !asked.header(prefix + "-ttl-seconds").empty() ? Said{.body = "METADATA-TOKEN"}
                                                                                  : Said{.status = 404};
        if (wants_tokens && asked.header(prefix) != "METADATA-TOKEN")
            return {.status = 403};
        if (asked.target == roles)
            return m_roles.empty() ? Said{.status = 404} : Said{.body = m_roles};
        if (asked.target == roles + "uploader") {
            ++m_count;
            if (!keys.empty())
                return {.body = keys};
            std::string const n = std::to_string(m_count);
            return {.body = R"({"Code": "Success", "AccessKeyId": "STS-)" + n + R"(", ")" +
                            (m_alibaba ? "AccessKeySecret" : "SecretAccessKey") + R"(": "SECRET", ")" +
                            (m_alibaba ? "SecurityToken" : "Token") + R"(": "TOKEN-)" + n + R"(", "Expiration": ")" +
                            utc(Clock::now() + lasts) + R"("})"};
        }
        return {.status = 404};
    }

    bool m_alibaba;
    std::string m_roles;
    int m_count = 0;
    HttpServer m_server{[this](const Asked &asked) { return reply(asked); }};
};

}  // namespace

TEST_F(Keys, FromTheEnvironmentFirst)
{
    put(".aliyun/config.json", cli_config);
    m_variables = {{"ALIBABA_CLOUD_ACCESS_KEY_ID", "ID"},
                   {"ALIBABA_CLOUD_ACCESS_KEY_SECRET", "SECRET\n"},
                   {"ALIBABA_CLOUD_SECURITY_TOKEN", "TOKEN"},
                   {"OSS_ACCESS_KEY_ID", "OTHER"},
                   {"OSS_ACCESS_KEY_SECRET", "OTHER"}};
    auto found = good(alibaba());
    EXPECT_EQ(found.id, "ID");
    EXPECT_EQ(found.secret, "SECRET") << "a line end that $(cat FILE) left";
    EXPECT_EQ(found.token, "TOKEN");
    EXPECT_THAT(found.origin, HasSubstr("ALIBABA_CLOUD_ACCESS_KEY_ID"));
    m_variables.erase("ALIBABA_CLOUD_ACCESS_KEY_ID");
    auto const half = bad(alibaba());
    EXPECT_THAT(half.message, AllOf(HasSubstr("ALIBABA_CLOUD_ACCESS_KEY_ID is not"), Not(HasSubstr("SECRET\n"))));
    m_variables = {{"OSS_ACCESS_KEY_ID", "O"}, {"OSS_ACCESS_KEY_SECRET", "S"}, {"OSS_SESSION_TOKEN", "T"}};
    found = good(alibaba());
    EXPECT_EQ(found.id + found.secret + found.token, "OST");
    m_variables = {{"AWS_ACCESS_KEY_ID", "A"}, {"AWS_SECRET_ACCESS_KEY", "B"}, {"AWS_SESSION_TOKEN", "C"}};
    found = good(aws());
    EXPECT_EQ(found.id + found.secret + found.token, "ABC");
}

TEST_F(Keys, NoKeyThatWouldBreakAHeader)
{
    m_variables = {{"OSS_ACCESS_KEY_ID", "A"}, {"OSS_ACCESS_KEY_SECRET", "B"}, {"OSS_SESSION_TOKEN", "C\r\nX-Evil: D"}};
    auto const error = bad(alibaba());
    EXPECT_THAT(error.message, AllOf(HasSubstr("a character that no key has"), Not(HasSubstr("Evil"))));
}

TEST_F(Keys, FromTheCommandLineToolsFile)
{
    put(".aliyun/config.json", cli_config);
    put(".ossutilconfig", "[Credentials]\naccessKeyID=LATER\naccessKeySecret=LATER\n");
    auto found = good(alibaba());
    EXPECT_EQ(found.id, "LTAI-ONE");
    EXPECT_EQ(found.secret, "SECRET-ONE");
    EXPECT_EQ(found.token, "") << "the mode AK has no token, whatever was left in the file";
    EXPECT_THAT(found.origin, HasSubstr("config.json [default]"));
    m_variables["ALIBABA_CLOUD_PROFILE"] = "two";
    found = good(alibaba());
    EXPECT_EQ(found.id, "STS-TWO");
    EXPECT_EQ(found.token, "TOKEN-TWO");
}

TEST_F(Keys, AProfileThatCannotServeIsNamed)
{
    put(".aliyun/config.json", cli_config);
    m_variables["ALIBABA_CLOUD_PROFILE"] = "sso";
    auto const sso = bad(alibaba());
    EXPECT_THAT(describe(sso), AllOf(HasSubstr("config.json [sso]"), HasSubstr("CloudSSO"), HasSubstr("StsToken"),
                                     Not(HasSubstr("SECRET-4"))));
    EXPECT_EQ(exit_code(sso.code), 4);
    m_variables["ALIBABA_CLOUD_PROFILE"] = "three";
    EXPECT_THAT(describe(bad(alibaba())), AllOf(HasSubstr("no profile three"), HasSubstr("default, two, role, sso")));
    m_variables["ALIBABA_CLOUD_PROFILE"] = "empty";
    EXPECT_THAT(describe(bad(alibaba())), HasSubstr("the profile empty has no access key"));
    m_variables["ALIBABA_CLOUD_PROFILE"] = "ecs";
    EXPECT_THAT(describe(bad(alibaba())), HasSubstr("no metadata service answers here"));
}

TEST_F(Keys, AFileNobodyFilledInIsPassedOver)
{
    put(".aliyun/config.json", R"({"current": "default", "profiles": [{"name": "default", "mode": "AK",
        "access_key_id": "", "access_key_secret": ""}]})");
    put(".ossutilconfig", "[Credentials]\nlanguage=EN\naccessKeyID = ID\naccessKeySecret=SECRET==\nstsToken=TOKEN\n");
    auto const found = good(alibaba());
    EXPECT_EQ(found.id, "ID");
    EXPECT_EQ(found.secret, "SECRET==");
    EXPECT_EQ(found.token, "TOKEN");
    put(".ossutilconfig", "[default]\naccessKeyID=TWO\naccessKeySecret=S\nregion=cn-hangzhou\n");
    EXPECT_EQ(good(alibaba()).id, "TWO");
}

TEST_F(Keys, ABrokenFileIsNamedAndNotQuoted)
{
    struct Case {
        const char *file;
        const char *text;
        const char *words;
    };
    for (auto const &[file, text, words] : {
             Case{".aliyun/config.json", "{\n \"profiles\": [\n  SECRET-ONE\n]}", "line 3"},
             Case{".aliyun/config.json", "{\"profiles\": [\"SECRET-ONE\"", "line 1"},
             Case{".aliyun/config.json", "[\"SECRET-ONE\"]", "is no configuration"},
             Case{".aliyun/config.json", "{\"profiles\": {\"SECRET-ONE\": 1}}", "is no configuration"},
             Case{".ossutilconfig", "[Credentials]\naccessKeyID=a\nSECRET-ONE\n", "line 3"},
             Case{".ossutilconfig", "[Credentials]\naccessKeyID=SECRET-ONE\n", "without its secret"},
             Case{".ossutilconfig", "SECRET-ONE=b\n", "line 1"},
             Case{".ossutilconfig", "\n[SECRET-ONE\n", "line 2"},
         }) {
        put(".aliyun/config.json", "{}");
        put(".ossutilconfig", "");
        put(file, text);
        auto const error = bad(alibaba());
        EXPECT_THAT(describe(error), AllOf(HasSubstr(file), HasSubstr(words), Not(HasSubstr("SECRET-ONE")))) << text;
        EXPECT_EQ(exit_code(error.code), 4);
    }
}

TEST_F(Keys, AFileThatCannotBeReadIsAnError)
{
    std::filesystem::create_directories(m_home / ".ossutilconfig");
    EXPECT_THAT(describe(bad(alibaba())), HasSubstr(".ossutilconfig"));
}

TEST_F(Keys, ProfilesOfAws)
{
    put(".aws/credentials", "# a comment\n[default]\naws_access_key_id = A\naws_secret_access_key = B\n\n"
                            "[two]\nAWS_ACCESS_KEY_ID=C\naws_secret_access_key=D=\naws_session_token=E\n");
    put(".aws/config", "[default]\nregion = us-east-1\ns3 =\n  max_concurrent_requests = 20\n"
                       "[profile three]\naws_access_key_id=F\naws_secret_access_key=G\n"
                       "[profile four]\nrole_arn = arn:aws:iam::1:role/x\nsource_profile = default\n"
                       "[profile five]\nregion = eu-west-1\n");
    EXPECT_EQ(good(aws()).id, "A");
    m_variables["AWS_PROFILE"] = "two";
    auto const two = good(aws());
    EXPECT_EQ(two.id + two.secret + two.token, "CD=E");
    m_variables["AWS_PROFILE"] = "three";
    EXPECT_EQ(good(aws()).secret, "G");
    m_variables["AWS_PROFILE"] = "four";
    EXPECT_THAT(describe(bad(aws())), AllOf(HasSubstr("profile four"), HasSubstr("role_arn")));
    m_variables["AWS_PROFILE"] = "five";
    EXPECT_THAT(describe(bad(aws())), HasSubstr("no access key for the profile five"));
    m_variables["AWS_PROFILE"] = "six";
    EXPECT_THAT(describe(bad(aws())), HasSubstr("no profile six"));
    m_variables = {{"AWS_SHARED_CREDENTIALS_FILE", m_home.write("elsewhere", "[default]\naws_access_key_id=H\n"
                                                                             "aws_secret_access_key=I\n")}};
    EXPECT_EQ(good(aws()).id, "H");
}

TEST_F(Keys, OfTheInstancesRole)
{
    Metadata alibaba_service(true, "uploader\n");
    m_metadata = alibaba_service.url();
    auto found = good(alibaba());
    EXPECT_EQ(found.id, "STS-1");
    EXPECT_EQ(found.token, "TOKEN-1");
    ASSERT_TRUE(found.expires);
    EXPECT_NEAR(std::chrono::duration<double>(*found.expires - Clock::now()).count(), 3600, 5);
    EXPECT_THAT(found.origin, HasSubstr("role uploader"));

    Metadata aws_service(false, "uploader");
    m_metadata = aws_service.url();
    found = good(aws());
    EXPECT_EQ(found.id, "STS-1");
    EXPECT_EQ(found.secret, "SECRET");
    aws_service.gives_tokens = false;
    aws_service.wants_tokens = false;
    EXPECT_FALSE(aws()) << "without a token it is not asked";
}

TEST_F(Keys, TheRoleOfAProfile)
{
    Metadata service(true, "other");
    m_metadata = service.url();
    put(".aliyun/config.json", cli_config);
    m_variables["ALIBABA_CLOUD_PROFILE"] = "ecs";
    EXPECT_EQ(good(alibaba()).id, "STS-1");
    for (auto const &asked : service.asked())
        EXPECT_THAT(asked.target, Not(::testing::EndsWith("security-credentials/"))) << "the name is known";
}

TEST_F(Keys, ARoleThatIsTakenOn)
{
    Said says;
    HttpServer const service([&](const Asked &) { return says; });
    m_roles = service.url();
    put(".aliyun/config.json", cli_config);
    m_variables["ALIBABA_CLOUD_PROFILE"] = "role";
    says.body = R"({"RequestId": "R", "Credentials": {"AccessKeyId": "STS.1", "AccessKeySecret": "SECRET",
                    "SecurityToken": "TOKEN", "Expiration": "2030-01-01T00:00:00Z"}})";
    auto const found = good(alibaba());
    EXPECT_EQ(found.id + " " + found.secret + " " + found.token, "STS.1 SECRET TOKEN");
    EXPECT_TRUE(found.expires);
    EXPECT_THAT(found.origin, AllOf(HasSubstr("config.json [role]"), HasSubstr("acs:ram::1:role/up")));
    auto const asked = service.asked().at(0);
    EXPECT_EQ(asked.header("x-acs-action"), "AssumeRole");
    EXPECT_EQ(asked.header("x-acs-version"), "2015-04-01");
    EXPECT_THAT(asked.header("authorization"), HasSubstr("Credential=LTAI-3"));
    EXPECT_THAT(asked.target, AllOf(HasSubstr("RoleArn=acs%3Aram%3A%3A1%3Arole%2Fup"), HasSubstr("RoleSessionName=ci"),
                                    HasSubstr("DurationSeconds=900")));

    says = {.status = 403, .body = R"({"Code": "NoPermission", "Message": "SECRET-3"})"};
    EXPECT_THAT(describe(bad(alibaba())), AllOf(HasSubstr("acs:ram::1:role/up"), HasSubstr("NoPermission"),
                                                HasSubstr("sts:AssumeRole"), Not(HasSubstr("SECRET-3"))));
    for (const char *const nonsense :
         {"", "[]", "{}", R"({"Credentials": 1})", R"({"Credentials": {"AccessKeyId": "a"}})"}) {
        says = {.body = nonsense};
        EXPECT_EQ(bad(alibaba()).code, ErrorCode::remote) << nonsense;
    }
    says = {.status = 500, .body = "<html>"};
    EXPECT_THAT(bad(alibaba()).message, HasSubstr("answered 500"));
}

TEST_F(Keys, AnOlderMetadataService)
{
    Metadata service(true, "uploader");
    m_metadata = service.url();
    service.gives_tokens = false;
    service.wants_tokens = false;
    EXPECT_EQ(good(alibaba()).id, "STS-1");
    m_variables["ALIBABA_CLOUD_IMDSV1_DISABLED"] = "true";
    EXPECT_EQ(bad(alibaba()).code, ErrorCode::usage);
}

TEST_F(Keys, NoRole)
{
    Metadata service(true, "");
    m_metadata = service.url();
    auto const error = bad(alibaba());
    EXPECT_EQ(error.code, ErrorCode::usage);
    EXPECT_THAT(describe(error),
                AllOf(HasSubstr("ALIBABA_CLOUD_ACCESS_KEY_ID"), HasSubstr("~/.aliyun/config.json"),
                      HasSubstr("~/.ossutilconfig"), HasSubstr("RAM role"), HasSubstr("aliyun configure")));
}

TEST_F(Keys, ARoleThatGivesNoKeys)
{
    Metadata service(true, "uploader");
    m_metadata = service.url();
    for (const char *const keys : {"<html>SECRET</html>", "[]", R"({"Code": "Failed", "AccessKeySecret": "SECRET"})",
                                   R"({"Code": "Success", "AccessKeyId": "a", "AccessKeySecret": "SECRET"})",
                                   R"({"Code": 1, "Expiration": "2030-01-01T00:00:00Z", "AccessKeyId": "SECRET"})"}) {
        service.keys = keys;
        auto const error = bad(alibaba());
        EXPECT_EQ(exit_code(error.code), 4) << keys;
        EXPECT_THAT(describe(error), Not(HasSubstr("SECRET"))) << keys;
    }
}

TEST_F(Keys, TheMetadataServiceCanBeLeftAlone)
{
    Metadata service(true, "uploader");
    m_metadata = service.url();
    m_variables = {{"ALIBABA_CLOUD_ECS_METADATA_DISABLED", "True"}, {"AWS_EC2_METADATA_DISABLED", "true"}};
    EXPECT_FALSE(alibaba());
    EXPECT_FALSE(aws());
    EXPECT_TRUE(service.asked().empty());
    m_variables = {{"AWS_EC2_METADATA_SERVICE_ENDPOINT", service.url() + "/"}};
    m_metadata = "http://127.0.0.1:1";
    EXPECT_FALSE(aws());
    EXPECT_EQ(service.asked().at(0).target, "/latest/api/token");
}

TEST_F(Keys, TemporaryKeysAreFetchedAnewBeforeTheyExpire)
{
    Metadata service(true, "uploader");
    m_metadata = service.url();
    auto const source = alibaba_credentials(*m_http, around());
    EXPECT_EQ(good(source->get()).id, "STS-1");
    EXPECT_EQ(good(source->get()).id, "STS-1") << "kept while they last";

    service.lasts = std::chrono::seconds(299);  // of five minutes
    auto const brief = alibaba_credentials(*m_http, around());
    EXPECT_EQ(good(brief->get()).id, "STS-2");
    EXPECT_EQ(good(brief->get()).id, "STS-2") << "not with each request, where that is all it gives";
}

TEST_F(Keys, OldKeysServeWhileNewOnesCannotBeHad)
{
    auto expires = Clock::now() + std::chrono::minutes(4);  // so that new ones are wanted already
    int calls = 0;
    auto const place = [&]() -> MaybeCredentials {
        if (++calls == 1)
            return Credentials{.id = "a", .secret = "b", .expires = expires};
        return fail(ErrorCode::remote, "no");
    };
    auto const source = first_of("X", {{"here", place}}, "", std::chrono::milliseconds(0));
    EXPECT_EQ(good(source->get()).id, "a");
    EXPECT_EQ(good(source->get()).id, "a");
    EXPECT_EQ(calls, 2) << "it has tried";

    calls = 0;
    expires = Clock::now() - std::chrono::seconds(1);
    auto const late = first_of("X", {{"here", place}}, "", std::chrono::milliseconds(0));
    EXPECT_EQ(good(late->get()).id, "a") << "perhaps our clock is wrong: the cloud decides";
    EXPECT_EQ(bad(late->get()).message, "no");
}

TEST(IniFile, IsReadAsTheToolsReadIt)
{
    auto const file = parse_ini_file("\xEF\xBB\xBF; first\r\n[ one ]\r\nA = b = c \r\nempty=\r\nlong =\r\n\tx = 1\r\n"
                                     "[one]\nsecond=2\n",
                                     "f");
    ASSERT_TRUE(file);
    EXPECT_EQ(*file, (IniFile{{"one", {{"a", "b = c"}, {"empty", ""}, {"long", ""}, {"second", "2"}}}}));
}

TEST(ParseUtc, KnowsTheFormsOfBothClouds)
{
    EXPECT_EQ(parse_utc("1970-01-02T00:00:01Z"), Clock::from_time_t(86401));
    EXPECT_EQ(parse_utc("1970-01-02T00:00:01.123Z"), Clock::from_time_t(86401));
    EXPECT_FALSE(parse_utc("tomorrow"));
    EXPECT_FALSE(parse_utc("1970-01-02T00:00:01+08:00"));
    EXPECT_FALSE(parse_utc(""));
}
