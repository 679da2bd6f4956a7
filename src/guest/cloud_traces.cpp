#include "guest/cloud_traces.hpp"

#include <array>

#include "guest/guest_text.hpp"
#include "support/text.hpp"

namespace imgport {
namespace {

struct Maker {
    std::string_view part;  // of a file's name in cloud.cfg.d
    std::string_view who;
};
constexpr std::array<Maker, 11> makers{{
    {"azure", "Azure"},
    {"gce", "Google Cloud"},
    {"google", "Google Cloud"},
    {"ec2", "AWS"},
    {"aws", "AWS"},
    {"oracle", "Oracle Cloud"},
    {"maas", "MAAS"},
    {"digitalocean", "DigitalOcean"},
    {"curtin", "curtin, an installer"},
    {"subiquity", "subiquity, an installer"},
    {"99-installer", "subiquity, an installer"},
}};

void read_settings(GuestFiles &files, CloudTraces &traces)
{
    for (auto const &path : files.files_in("/etc/cloud/cloud.cfg.d", ".cfg")) {
        std::string const name = to_lower(base_name(path));
        for (auto const &maker : makers) {
            if (name.find(maker.part) == std::string::npos)
                continue;
            // One that was emptied does nothing.
            auto const text = files.text(path);
            if (text && has_active_line(*text))
                traces.settings.push_back({path, {}, {}, std::string(maker.who)});
            break;
        }
    }
}

struct Agent {
    const char *name;
    std::vector<std::string> units;
};

void read_agents(GuestFiles &files, const Services &services, CloudTraces &traces)
{
    const std::array<Agent, 6> agents{{
        {"Azure Linux agent (waagent)", {"walinuxagent.service", "waagent.service"}},
        {"Google guest agent",
         {"google-guest-agent.service", "google-accounts-daemon.service", "google-instance-setup.service"}},
        {"AWS Systems Manager agent", {"amazon-ssm-agent.service", "snap.amazon-ssm-agent.amazon-ssm-agent.service"}},
        {"Oracle Cloud agent", {"oracle-cloud-agent.service", "snap.oracle-cloud-agent.oracle-cloud-agent.service"}},
        {"Tencent Cloud agent (TAT)", {"tat_agent.service"}},
        {"DigitalOcean agent", {"do-agent.service", "droplet-agent.service"}},
    }};
    for (auto const &agent : agents) {
        auto const state = services.state(files, agent.units);
        if (state.enabled)
            traces.agents.push_back({state.enabled_by, {}, {}, agent.name});
    }
}

}  // namespace

Known<CloudTraces> read_cloud_traces(FileTree &tree, const Services &services)
{
    GuestFiles files(tree);
    CloudTraces traces;
    read_settings(files, traces);
    read_agents(files, services, traces);
    for (const char *path : {"/usr/local/share/aliyun-assist", "/usr/share/aliyun-assist", "/usr/sbin/aliyun-service",
                             "/etc/systemd/system/aliyun.service", "/usr/lib/systemd/system/aliyun.service",
                             "/etc/init.d/aliyun-service", "/etc/init/aliyun-service.conf"}) {
        if (files.exists(path))
            traces.assistant.emplace_back(path);
    }
    return files.answer(std::move(traces));
}

}  // namespace imgport
