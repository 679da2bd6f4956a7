// A cloud of a few lines: what it answers is said by the test, what it was asked is kept.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "cloud/credentials.hpp"
#include "cloud/http.hpp"

namespace imgport::testing {

class CloudKeys final : public CredentialSource {
public:
    Credentials keys{.id = "LTAIfixedkey", .secret = "aVerySecretSecret", .origin = "the test"};
    std::optional<Error> error = {};

    Result<Credentials> get() override
    {
        if (error)
            return tl::unexpected(*error);
        return keys;
    }
};

using HttpAnswer = tl::expected<HttpReply, HttpFailure>;

inline HttpAnswer json_answer(int status, std::string body, NamedValues headers = {})
{
    return HttpReply{.status = status, .headers = std::move(headers), .body = std::move(body)};
}

inline HttpAnswer api_error(int status, const std::string &code, const std::string &message = "As planned.")
{
    return json_answer(status, R"({"RequestId":"REQ-1","Code":")" + code + R"(","Message":")" + message + R"("})");
}

inline HttpAnswer no_answer(bool retry = true)
{
    return tl::unexpected(HttpFailure{{ErrorCode::remote, "the connection broke"}, retry});
}

// One API call, as it was sent.
struct SentCall {
    std::string action;
    std::map<std::string, std::string> parameters;
};

class FakeApi final : public HttpTransport {
public:
    // By action; each answer is given once, the last one for good.
    std::map<std::string, std::deque<HttpAnswer>> answers = {};
    std::vector<HttpRequest> requests = {};
    std::vector<SentCall> calls = {};
    std::function<void(const SentCall &)> on_call = [](const SentCall &) {};

    HttpAnswer send(const HttpRequest &request) override
    {
        requests.push_back(request);
        SentCall call;
        auto const query = request.url.substr(std::min(request.url.find('?'), request.url.size() - 1) + 1);
        for (std::size_t at = 0; at < query.size();) {
            auto const end = std::min(query.find('&', at), query.size());
            auto const pair = query.substr(at, end - at);
            auto const equals = pair.find('=');
            call.parameters[decoded(pair.substr(0, equals))] = decoded(pair.substr(equals + 1));
            at = end + 1;
        }
        call.action = call.parameters["Action"];
        for (auto const &[name, value] : request.headers) {
            if (name == "x-acs-action")
                call.action = value;
        }
        call.parameters.erase("Action");
        calls.push_back(call);
        on_call(call);
        auto &queue = answers[call.action];
        if (queue.empty())
            return api_error(404, "InvalidAction.NotFound");
        HttpAnswer const answer = queue.front();
        if (queue.size() > 1)
            queue.pop_front();
        return answer;
    }

    std::size_t count(const std::string &action) const
    {
        std::size_t found = 0;
        for (auto const &call : calls)
            found += call.action == action ? 1 : 0;
        return found;
    }

private:
    static std::string decoded(const std::string &text)
    {
        std::string out;
        for (std::size_t i = 0; i < text.size(); ++i) {
            if (text[i] == '%' && i + 2 < text.size()) {
                out += static_cast<char>(std::stoi(text.substr(i + 1, 2), nullptr, 16));
                i += 2;
            } else {
                out += text[i];
            }
        }
        return out;
    }
};

}  // namespace imgport::testing
