// What comes from a cloud, and from the user's configuration files: the first byte of the input chooses the reader.
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include "cloud/credential_places.hpp"
#include "cloud/ini_file.hpp"
#include "cloud/object_store_failure.hpp"
#include "cloud/object_store_place.hpp"
#include "cloud/object_store_reply.hpp"
#include "support/file.hpp"

using namespace imgport;

namespace {

// No network: a metadata service that says what the fuzzer wants.
class OneReply final : public HttpTransport {
public:
    explicit OneReply(std::string body) : m_body(std::move(body)) {}
    tl::expected<HttpReply, HttpFailure> send(const HttpRequest &) override
    {
        return HttpReply{.status = 200, .body = m_body};
    }

private:
    std::string m_body;
};

void replies(const std::string &text)
{
    (void)parse_store_error(text);
    (void)parse_upload_id(text);
    (void)parse_completed_etag(text);
    (void)parse_parts(text);
    (void)parse_uploads(text);
    (void)base64_decoded(text);
    StoreQuestion const question{.object = "oss://b/k", .secret = "secret"};
    for (int const status : {200, 301, 403, 404, 503}) {
        HttpReply const reply{
            .status = status, .headers = {{"retry-after", text}, {"x-oss-err", text}, {"date", text}}, .body = text};
        auto const failure = refusal(question, reply, std::chrono::system_clock::from_time_t(1'767'225'600));
        if (failure.wait && *failure.wait > std::chrono::minutes(10))
            std::abort();
        // Nothing that a terminal obeys.
        for (char const c : describe(failure.error)) {
            if (static_cast<unsigned char>(c) < ' ')
                std::abort();
        }
    }
}

void configuration(const std::string &text, const char *name)
{
    static TempDir const home = TempDir::create("/tmp").value();
    static std::string const folder = [] {
        std::filesystem::create_directory(home.path() + "/.aliyun");
        std::filesystem::create_directory(home.path() + "/.aws");
        return home.path();
    }();
    std::ofstream(folder + "/" + name, std::ios::binary) << text;
    OneReply http(text);
    Surroundings const around{[](const std::string &) { return std::string(); }, folder, "http://metadata",
                              "http://roles"};
    for (auto const &source : {alibaba_credentials(http, around), aws_credentials(http, around)}) {
        auto const found = source->get();
        // They go into headers.
        if (found && (found->id + found->secret + found->token).find_first_of("\r\n") != std::string::npos)
            std::abort();
    }
    (void)std::remove((folder + "/" + name).c_str());
}

void endpoints(const std::string &text)
{
    auto const place = place_of({.bucket = "imgs", .region = "cn-hangzhou", .endpoint = text},
                                [](const std::string &) { return std::string(); });
    if (place && place->host.find_first_of("/?#@ \r\n") != std::string::npos)
        std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
    if (size == 0 || size > 64 * 1024)
        return 0;
    std::string const text(reinterpret_cast<const char *>(data) + 1, size - 1);
    switch (data[0] % 8) {
    case 0: configuration(text, ".aliyun/config.json"); break;
    case 1: configuration(text, ".ossutilconfig"); break;
    case 2: configuration(text, ".aws/credentials"); break;
    case 3: configuration(text, ".aws/config"); break;
    case 4: endpoints(text); break;
    case 5: (void)parse_ini_file(text, "file"); break;
    default: replies(text); break;
    }
    return 0;
}
