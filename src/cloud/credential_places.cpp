#include "cloud/credential_places.hpp"

#include <cstdlib>
#include <ctime>
#include <mutex>
#include <system_error>

#include <fmt/format.h>
#include <sys/stat.h>

#include "support/file.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

using Clock = std::chrono::system_clock;

constexpr std::size_t file_limit = std::size_t{1} << 20;
// New ones are fetched so long before the old ones expire: longer than a request that was just signed may take to
// arrive, and shorter than any role's life (15 minutes).
constexpr std::chrono::minutes early{5};

class FirstOf final : public CredentialSource {
public:
    FirstOf(std::string cloud, std::vector<CredentialPlace> places, std::string remedy, Clock::duration pause)
        : m_cloud(std::move(cloud)), m_places(std::move(places)), m_remedy(std::move(remedy)), m_pause(pause)
    {}

    Result<Credentials> get() override
    {
        std::scoped_lock const lock(m_mutex);
        auto const now = Clock::now();
        if (m_kept && (!m_kept->expires || *m_kept->expires - now > early || now < m_not_before))
            return *m_kept;
        auto found = look();
        if (found) {
            m_kept = *found;
            m_not_before = now + m_pause;  // some give what expires soon, again and again
            return found;
        }
        if (m_kept && m_kept->expires && *m_kept->expires > now) {
            m_not_before = std::min(now + m_pause, *m_kept->expires);
            return *m_kept;
        }
        return found;
    }

private:
    Result<Credentials> look() const
    {
        std::vector<std::string> names;
        for (const auto &place : m_places) {
            auto found = place.look();
            if (!found)
                return fail(found.error());
            if (*found)
                return std::move(**found);
            names.push_back(place.name);
        }
        Error none{ErrorCode::usage,
                   fmt::format("no access key for {} was found; looked in: {}", m_cloud, join(names, ", "))};
        none.hint = m_remedy;
        return fail(std::move(none));
    }

    std::string const m_cloud;
    std::vector<CredentialPlace> const m_places;
    std::string const m_remedy;
    Clock::duration const m_pause;
    std::mutex m_mutex;
    std::optional<Credentials> m_kept;
    Clock::time_point m_not_before;
};

bool sendable(const std::string &text)
{
    return text.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
                                  "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~") == std::string::npos;
}

}  // namespace

bool Surroundings::on(const std::string &name) const
{
    return to_lower(get(name)) == "true";
}

std::string Surroundings::in_home(const std::string &name) const
{
    return home.empty() ? std::string() : home + "/" + name;
}

Surroundings surroundings_of_process(std::string metadata, std::string roles)
{
    auto const environment = [](const std::string &name) {
        const char *const value = std::getenv(name.c_str());
        return std::string(value != nullptr ? value : "");
    };
    return {environment, environment("HOME"), std::move(metadata), std::move(roles)};
}

std::unique_ptr<CredentialSource> first_of(std::string cloud, std::vector<CredentialPlace> places, std::string remedy,
                                           std::chrono::milliseconds pause)
{
    return std::make_unique<FirstOf>(std::move(cloud), std::move(places), std::move(remedy), pause);
}

MaybeCredentials checked(Credentials found)
{
    found.id = trim(found.id);
    found.secret = trim(found.secret);
    found.token = trim(found.token);
    if (found.id.empty() || found.secret.empty())
        return fail(ErrorCode::environment, fmt::format("{} has an access key without its {}", found.origin,
                                                        found.id.empty() ? "id" : "secret"));
    // They go into headers.
    if (!sendable(found.id) || !sendable(found.secret) || !sendable(found.token))
        return fail(ErrorCode::environment,
                    fmt::format("the access key of {} has a character that no key has", found.origin));
    return found;
}

MaybeCredentials from_environment(const Surroundings &around, const std::string &id, const std::string &secret,
                                  const std::string &token)
{
    Credentials found{.id = around.get(id), .secret = around.get(secret), .token = around.get(token)};
    if (found.id.empty() && found.secret.empty())
        return std::nullopt;
    if (found.id.empty() || found.secret.empty()) {
        bool const no_id = found.id.empty();
        return fail(ErrorCode::environment,
                    fmt::format("{} is set in the environment, {} is not", no_id ? secret : id, no_id ? id : secret));
    }
    found.origin = fmt::format("the environment ({})", id);
    return checked(std::move(found));
}

Result<std::optional<std::string>> read_if_there(const std::string &path)
{
    struct stat status {};
    if (path.empty() || (::stat(path.c_str(), &status) != 0 && (errno == ENOENT || errno == ENOTDIR)))
        return std::nullopt;
    auto text = read_text_file(path, file_limit);
    if (!text) {
        // What is wrong with the user's own set-up is not wrong with an input.
        Error error = text.error();
        error.code = ErrorCode::environment;
        return fail(std::move(error));
    }
    return std::move(*text);
}

std::optional<Clock::time_point> parse_utc(const std::string &text)
{
    std::tm parts{};
    const char *const rest = ::strptime(text.c_str(), "%Y-%m-%dT%H:%M:%S", &parts);
    // A fraction of a second may follow.
    if (rest == nullptr || std::string_view(rest).find_first_not_of(".0123456789Z") != std::string_view::npos)
        return std::nullopt;
    return Clock::from_time_t(::timegm(&parts));
}

}  // namespace imgport
