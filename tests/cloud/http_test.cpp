#include "cloud/http.hpp"

#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <imgport/progress.hpp>

#include "cloud/certificates.hpp"
#include "cloud/cloud_testing.hpp"
#include "cloud/http_server.hpp"
#include "testing/temp_dir.hpp"

using namespace imgport;
using namespace imgport::testing;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Clock = std::chrono::steady_clock;

constexpr std::size_t large = std::size_t{3} << 20;

class Http : public ::testing::Test {
protected:
    CleanEnvironment m_environment;
    std::unique_ptr<HttpTransport> m_http = make_http_transport();

    HttpReply good(const HttpRequest &request)
    {
        auto reply = m_http->send(request);
        EXPECT_TRUE(reply) << describe(reply.error().error);
        return reply ? *reply : HttpReply{};
    }
    HttpFailure bad(const HttpRequest &request)
    {
        auto const reply = m_http->send(request);
        EXPECT_FALSE(reply) << reply->status;
        return reply ? HttpFailure{} : reply.error();
    }
    HttpFailure bad_at(const std::string &url) { return bad(HttpRequest{.url = url, .stall_timeout = seconds(5)}); }
};

Said ok(const Asked &)
{
    return {.headers = {{"X-Oss-Request-Id", "5C3D"}}, .body = "fine"};
}

}  // namespace

TEST_F(Http, AReplyHasItsParts)
{
    HttpServer const server(ok);
    auto const reply = good({.url = server.url("/a/../b%20c?x=1"), .headers = {{"X-Test", "a b"}, {"X-Empty", ""}}});
    EXPECT_EQ(reply.status, 200);
    EXPECT_EQ(reply.body, "fine");
    EXPECT_EQ(reply.header("x-oss-request-id"), "5C3D");
    EXPECT_EQ(reply.header("x-other"), "");
    auto const asked = server.asked().at(0);
    EXPECT_EQ(asked.method, "GET");
    EXPECT_EQ(asked.target, "/a/../b%20c?x=1") << "a name is sent as it was signed";
    EXPECT_EQ(asked.header("x-test"), "a b");
    EXPECT_TRUE(asked.headers.contains("x-empty"));
    EXPECT_FALSE(asked.headers.contains("content-type"));
    EXPECT_THAT(asked.header("user-agent"), HasSubstr("imgport/"));
}

TEST_F(Http, EachMethodIsSentAsItIs)
{
    HttpServer const server([](const Asked &asked) {
        return asked.method == "HEAD" ? Said{.headers = {{"ETag", "\"e\""}}, .length = 1234} : Said{.body = asked.body};
    });
    EXPECT_EQ(good({.method = "POST", .url = server.url("/"), .text = "<xml/>"}).body, "<xml/>");
    EXPECT_EQ(good({.method = "POST", .url = server.url("/")}).body, "");
    EXPECT_EQ(good({.method = "PUT", .url = server.url("/")}).body, "");
    EXPECT_EQ(good({.method = "DELETE", .url = server.url("/")}).status, 200);
    auto const head = good({.method = "HEAD", .url = server.url("/")});
    EXPECT_EQ(head.header("content-length"), "1234");
    EXPECT_EQ(head.body, "");
    auto const asked = server.asked();
    std::vector<std::string> methods;
    for (auto const &one : asked) {
        methods.push_back(one.method);
        EXPECT_FALSE(one.headers.contains("content-type")) << one.method << ": it would be in no signature";
        EXPECT_FALSE(one.headers.contains("expect")) << one.method;
    }
    EXPECT_THAT(methods, ::testing::ElementsAre("POST", "POST", "PUT", "DELETE", "HEAD"));
    EXPECT_EQ(asked.at(1).header("content-length"), "0");
    EXPECT_EQ(asked.at(2).header("content-length"), "0");
}

TEST_F(Http, ABodyIsStreamed)
{
    HttpServer const server(ok);
    std::string const text = noise(large);
    TextBody body(text);
    EXPECT_EQ(good({.method = "PUT", .url = server.url("/"), .body = &body}).status, 200);
    auto const asked = server.asked().at(0);
    EXPECT_EQ(asked.header("content-length"), std::to_string(large));
    EXPECT_TRUE(asked.body == text);
    EXPECT_GE(body.largest_read, 256U << 10) << "small reads cost";
    TextBody none("");
    EXPECT_EQ(good({.method = "PUT", .url = server.url("/"), .body = &none}).status, 200);
    EXPECT_EQ(server.asked().at(1).header("content-length"), "0");
}

TEST_F(Http, ConnectionsAreKept)
{
    HttpServer const server(ok);
    for (int i = 0; i < 5; ++i)
        good({.url = server.url("/")});
    EXPECT_EQ(server.connections(), 1);
}

TEST_F(Http, AKeptConnectionThatDiedIsMadeAgain)
{
    // It closes the first connection after its reply, as a server does that has waited long enough.
    HttpServer const server([](const Asked &asked) { return Said{.body = "fine", .close = asked.connection == 1}; });
    good({.url = server.url("/")});
    std::string const text = noise(large);
    TextBody body(text);
    EXPECT_EQ(good({.method = "PUT", .url = server.url("/"), .body = &body}).body, "fine");
    EXPECT_EQ(server.connections(), 2);
    EXPECT_TRUE(server.asked().at(1).body == text) << "from its front";
}

TEST_F(Http, APostIsSentOnceAtMost)
{
    HttpServer const server([](const Asked &asked) { return Said{.cut = asked.method == "POST"}; });
    good({.url = server.url("/")});
    EXPECT_TRUE(bad({.method = "POST", .url = server.url("/"), .text = "<xml/>"}).retry);
    EXPECT_EQ(server.asked().size(), 2U) << "it may have been done: the caller must look";
}

TEST_F(Http, ManyThreadsShareIt)
{
    HttpServer const server([](const Asked &asked) { return Said{.body = asked.body}; });
    std::vector<std::thread> threads;
    std::atomic<int> right = 0;
    for (int i = 0; i < 8; ++i)
        threads.emplace_back([&, i] {
            for (int k = 0; k < 20; ++k) {
                TextBody body(noise(1000 + static_cast<std::size_t>(i)));
                auto const reply = m_http->send({.method = "PUT", .url = server.url("/"), .body = &body});
                right += reply && reply->body.size() == 1000 + static_cast<std::size_t>(i) ? 1 : 0;
            }
        });
    for (auto &thread : threads)
        thread.join();
    EXPECT_EQ(right, 160);
    EXPECT_LE(server.connections(), 8);
}

TEST_F(Http, ABodyThatFailsIsNotTheServersFault)
{
    HttpServer const server(ok);
    TextBody body(noise(large));
    body.fails_at = 1 << 20;
    auto const failure = bad({.method = "PUT", .url = server.url("/"), .body = &body});
    EXPECT_EQ(failure.error.code, ErrorCode::unreadable);
    EXPECT_EQ(failure.error.message, "a bad sector");
    EXPECT_EQ(failure.error.file, "disk.raw");
    EXPECT_FALSE(failure.retry);
}

TEST_F(Http, AReplyIsBounded)
{
    HttpServer const server([](const Asked &asked) {
        if (asked.target == "/headers")
            return Said{.headers = {{"X-Long", std::string(300 << 10, 'x')}}};
        return Said{.body = std::string(2000, 'x')};
    });
    EXPECT_EQ(good({.url = server.url("/"), .reply_limit = 2000}).body.size(), 2000U);
    auto const failure = bad({.url = server.url("/"), .reply_limit = 1999});
    EXPECT_THAT(failure.error.message, HasSubstr("longer than 1999 bytes"));
    EXPECT_FALSE(failure.retry);
    EXPECT_FALSE(m_http->send({.url = server.url("/headers")}));
}

TEST_F(Http, RedirectionsAreNotFollowed)
{
    HttpServer const server([](const Asked &) { return Said{.status = 301, .headers = {{"Location", "/other"}}}; });
    EXPECT_EQ(good({.url = server.url("/")}).status, 301);
    EXPECT_EQ(server.asked().size(), 1U);
}

TEST_F(Http, AHeaderCannotBreakTheRequest)
{
    HttpServer const server(ok);
    auto const failure = bad({.url = server.url("/"), .headers = {{"X-Key", "a\r\nX-Other: b"}}});
    EXPECT_EQ(failure.error.code, ErrorCode::usage);
    EXPECT_TRUE(server.asked().empty());
}

TEST_F(Http, FailuresOfTheNetwork)
{
    int port = 0;
    {
        HttpServer const gone(ok);
        port = gone.port();
    }
    auto const refused = bad_at("http://127.0.0.1:" + std::to_string(port) + "/?Signature=SECRET");
    EXPECT_THAT(refused.error.message, AllOf(HasSubstr("Connection refused"), HasSubstr(std::to_string(port))));
    EXPECT_THAT(describe(refused.error), Not(HasSubstr("SECRET")));
    EXPECT_EQ(refused.error.code, ErrorCode::remote);
    EXPECT_TRUE(refused.retry);

    auto const unknown = bad_at("http://bucket.nowhere.invalid/");
    EXPECT_THAT(unknown.error.message, HasSubstr("bucket.nowhere.invalid cannot be resolved"));
    EXPECT_TRUE(unknown.retry);

    EXPECT_EQ(bad_at("http://[::1/").error.code, ErrorCode::usage);
    EXPECT_FALSE(bad_at("file:///etc/passwd").retry);
}

TEST_F(Http, ConnectionsThatAreCut)
{
    HttpServer const silent([](const Asked &) { return Said{.cut = true}; });
    auto const nothing = bad_at(silent.url("/"));
    EXPECT_THAT(nothing.error.message, HasSubstr("was cut"));
    EXPECT_TRUE(nothing.retry);

    HttpServer const half([](const Asked &) { return Said{.body = "fin", .length = 4}; });
    auto const part = bad_at(half.url("/"));
    EXPECT_THAT(part.error.message, HasSubstr("was cut"));
    EXPECT_TRUE(part.retry);

    HttpServer const resets({.reply = ok, .cut_in_body_after = 500'000});
    TextBody body(noise(16 * large));
    auto const middle = bad({.method = "PUT", .url = resets.url("/"), .body = &body});
    EXPECT_THAT(middle.error.message, HasSubstr("was cut"));
    EXPECT_TRUE(middle.retry);

    HttpServer const other([](const Asked &) { return Said{.raw = "220 mail.example.com ESMTP\r\n"}; });
    auto const mail = bad_at(other.url("/"));
    EXPECT_THAT(mail.error.message, HasSubstr("did not answer in HTTP"));
    EXPECT_FALSE(mail.retry);
}

TEST_F(Http, AStalledConnectionIsGivenUp)
{
    HttpServer const server([](const Asked &) { return Said{.delay = milliseconds(20'000)}; });
    auto const start = Clock::now();
    auto const failure = bad({.url = server.url("/"), .stall_timeout = seconds(1)});
    EXPECT_LT(Clock::now() - start, seconds(8));
    EXPECT_THAT(failure.error.message, HasSubstr("nothing moved for 1 s"));
    EXPECT_TRUE(failure.retry);
}

TEST_F(Http, AConnectionThatIsNotAcceptedIsGivenUp)
{
    // A queue that is full: what comes then gets no answer.
    int const listener = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    auto *const any = reinterpret_cast<sockaddr *>(&address);
    ASSERT_EQ(::bind(listener, any, length), 0);
    ASSERT_EQ(::listen(listener, 0), 0);
    ASSERT_EQ(::getsockname(listener, any, &length), 0);
    std::vector<int> queue;
    for (int i = 0; i < 4; ++i) {
        queue.push_back(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
        (void)::connect(queue.back(), any, length);
    }
    auto const failure = bad({.url = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port)) + "/",
                              .connect_timeout = milliseconds(500)});
    EXPECT_THAT(failure.error.message, HasSubstr("did not answer within 0.5 s"));
    EXPECT_TRUE(failure.retry);
    for (int const fd : queue)
        ::close(fd);
    ::close(listener);
}

TEST_F(Http, ARefusalCostsNoBody)
{
    std::atomic<bool> refuses = true;
    HttpServer const server({.reply = ok, .early = [&](const Asked &) -> std::optional<Said> {
                                 if (refuses)
                                     return Said{.status = 403, .body = "no"};
                                 return std::nullopt;
                             }});
    TextBody body(noise(4 * large));
    HttpRequest const request{.method = "PUT", .url = server.url("/"), .body = &body};
    auto const refused = good(request);
    EXPECT_EQ(refused.status, 403);
    EXPECT_EQ(refused.body, "no");
    EXPECT_EQ(server.in_vain(), 0U);
    // Asked before the body until the server has taken one, then no longer.
    refuses = false;
    EXPECT_EQ(good(request).status, 200);
    EXPECT_EQ(good(request).status, 200);
    auto asked = server.asked();
    EXPECT_EQ(asked.at(1).header("expect"), "100-continue");
    EXPECT_FALSE(asked.at(2).headers.contains("expect"));
    // The first refusal after that comes while the body is sent: the rest is not.
    refuses = true;
    EXPECT_EQ(good(request).status, 403);
    EXPECT_LT(server.in_vain(), 4 * large);
    // And then it asks again.
    EXPECT_EQ(good(request).status, 403);
    EXPECT_EQ(server.asked().at(4).header("expect"), "100-continue");
    // A small body is sent at once.
    TextBody small("small");
    good({.method = "PUT", .url = server.url("/"), .body = &small});
    EXPECT_FALSE(server.asked().at(5).headers.contains("expect"));
}

TEST_F(Http, AServerThatKnowsNoExpectationCostsHalfASecondOnce)
{
    HttpServer const server({.reply = ok, .knows_expect = false});
    TextBody body(noise(large));
    HttpRequest const request{.method = "PUT", .url = server.url("/"), .body = &body};
    auto const start = Clock::now();
    for (int i = 0; i < 6; ++i)
        EXPECT_EQ(good(request).status, 200);
    EXPECT_LT(Clock::now() - start, milliseconds(2500));
    EXPECT_EQ(server.asked().at(5).body.size(), large);
}

TEST_F(Http, AnInterruptEndsIt)
{
    // The flag stays set, so this is done in a process of its own.
    ::testing::FLAGS_gtest_death_test_style = "threadsafe";
    EXPECT_EXIT(
        {
            HttpServer const server([](const Asked &) { return Said{.delay = seconds(20)}; });
            std::thread hand([] {
                std::this_thread::sleep_for(milliseconds(300));
                request_interrupt();
            });
            auto const start = Clock::now();
            auto const reply = make_http_transport()->send({.url = server.url("/")});
            hand.join();
            bool const right = !reply && reply.error().error.code == ErrorCode::interrupted && !reply.error().retry &&
                               Clock::now() - start < seconds(4);
            std::_Exit(right ? 0 : 1);
        },
        ::testing::ExitedWithCode(0), "");
}

TEST_F(Http, AProxyComesFromTheEnvironment)
{
    HttpServer const proxy({.reply = ok, .early = [](const Asked &asked) -> std::optional<Said> {
                                if (asked.method == "CONNECT")
                                    return Said{.status = 407};
                                return std::nullopt;
                            }});
    m_environment.set("http_proxy", proxy.url().c_str());
    m_environment.set("https_proxy", proxy.url().c_str());
    EXPECT_EQ(good({.url = "http://store.nowhere.invalid/key"}).body, "fine");
    EXPECT_EQ(proxy.asked().at(0).target, "http://store.nowhere.invalid/key");

    auto const refused = bad_at("https://store.nowhere.invalid/key");
    EXPECT_THAT(refused.error.message, HasSubstr("the proxy answered 407"));
    EXPECT_FALSE(refused.retry);

    auto const direct = bad({.url = "http://store.nowhere.invalid/key", .direct = true});
    EXPECT_THAT(direct.error.message, HasSubstr("cannot be resolved"));
}

TEST_F(Http, CertificatesAreVerified)
{
    Folder const folder;
    struct Case {
        CertificateWish wish;
        bool known;  // to us
        const char *words;
    };
    for (auto const &[wish, known, words] : {
             Case{{}, false, "signed by a CA that this machine does not know"},
             Case{{.from = -7200, .until = -3600}, true, "has expired"},
             Case{{.from = 3600, .until = 7200}, true, "is not valid yet"},
             Case{{.address = "127.0.0.2"}, true, "is for another name"},
         }) {
        Certificate const certificate(wish);
        certificate.write(folder / "ca.pem");
        auto const context = certificate.server();
        HttpServer const server({.reply = ok, .tls = context.get()});
        m_environment.set("SSL_CERT_FILE", known ? (folder / "ca.pem").c_str() : nullptr);
        m_http = make_http_transport();
        auto const failure = bad_at(server.url("/"));
        EXPECT_THAT(failure.error.message, HasSubstr(words));
        EXPECT_EQ(failure.error.code, ErrorCode::remote);
        EXPECT_FALSE(failure.retry) << words;
        EXPECT_TRUE(server.asked().empty()) << words;
    }
}

TEST_F(Http, ACaOfTheUsersOwn)
{
    Folder const folder;
    Certificate const certificate;
    certificate.write(folder / "ca.pem");
    auto const context = certificate.server();
    HttpServer const server({.reply = ok, .tls = context.get()});
    for (const char *const name : {"SSL_CERT_FILE", "CURL_CA_BUNDLE"}) {
        CleanEnvironment one;
        one.set(name, (folder / "ca.pem").c_str());
        m_http = make_http_transport();
        EXPECT_EQ(good({.url = server.url("/")}).body, "fine") << name;
    }
    m_environment.set("SSL_CERT_FILE", (folder / "none.pem").c_str());
    m_http = make_http_transport();
    auto const failure = bad_at(server.url("/"));
    EXPECT_EQ(failure.error.file, folder / "none.pem");
    EXPECT_EQ(failure.error.code, ErrorCode::environment);
}

TEST_F(Http, AServerWithoutTls)
{
    HttpServer const server(ok);
    auto const failure = bad_at("https://127.0.0.1:" + std::to_string(server.port()) + "/");
    EXPECT_THAT(failure.error.message, AnyOf(HasSubstr("does not speak TLS"), HasSubstr("while TLS was set up")));
}

TEST(PercentEncoded, KeepsWhatIsUnreserved)
{
    EXPECT_EQ(percent_encoded("AZaz09-._~"), "AZaz09-._~");
    EXPECT_EQ(percent_encoded("a b/c+d*e"), "a%20b%2Fc%2Bd%2Ae");
    EXPECT_EQ(percent_encoded("a b/c", true), "a%20b/c");
    EXPECT_EQ(percent_encoded("\xE9\x95\x9C"), "%E9%95%9C");
    EXPECT_EQ(percent_encoded(std::string_view("\0%", 2)), "%00%25");
}
