// Facts about a guest's identity, time, leftovers and the like: what the rules on the system as a whole ask for.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include <imgport/evidence.hpp>

namespace imgport {

// What a terminal shows before a login: /etc/issue, /etc/issue.net.
struct IssueFile {
    std::string path;
    std::string text = {};  // at most 1 KiB of it, without the blanks around; escapes (\S, \n) as they stand
    // The link's target, where the file itself is not in the image: some systems write it at boot.
    std::string link = {};

    static void fields(auto &self, auto &&visit)
    {
        visit("path", self.path);
        visit("text", self.text);
        visit("link", self.link);
    }
};

struct TimeFacts {
    bool local_clock = false;               // the hardware clock is taken to run in local time
    Evidence clock_where = {};              // the line that says so, or that it runs in UTC; empty: nothing does
    std::vector<Evidence> daemons = {};     // that set the clock from the network and start at boot
    std::vector<std::string> stopped = {};  // installed, but not started

    static void fields(auto &self, auto &&visit)
    {
        visit("local_clock", self.local_clock);
        visit("clock_where", self.clock_where);
        visit("daemons", self.daemons);
        visit("stopped", self.stopped);
    }
};

// What clouds put into a system.
struct CloudTraces {
    std::vector<Evidence> settings = {};      // of cloud-init, made for or by another place
    std::vector<Evidence> agents = {};        // of other clouds, started at boot
    std::vector<std::string> assistant = {};  // the paths of Alibaba Cloud's own assistant; empty: not installed

    static void fields(auto &self, auto &&visit)
    {
        visit("settings", self.settings);
        visit("agents", self.agents);
        visit("assistant", self.assistant);
    }
};

// A folder whose contents a running system makes anew.
struct FolderSize {
    std::string path;
    std::uint64_t bytes = 0;
    std::uint64_t files = 0;
    bool whole = true;  // false: it holds more files than were counted

    static void fields(auto &self, auto &&visit)
    {
        visit("path", self.path);
        visit("bytes", self.bytes);
        visit("files", self.files);
        visit("whole", self.whole);
    }
};

struct FreeBsdFacts {
    std::string kernel = {};  // its path; empty where there is none
    // virtio_pci, virtio_blk, vtnet: "kernel" (built in), "loader" (loader.conf loads it), "module" (a file that
    // nothing loads before the root is mounted), "absent"
    std::map<std::string, std::string> drivers = {};
    std::string root = {};  // vfs.root.mountfrom, which beats fstab: "ufs:/dev/gpt/rootfs"; empty: not set
    Evidence root_where = {};

    static void fields(auto &self, auto &&visit)
    {
        visit("kernel", self.kernel);
        visit("drivers", self.drivers);
        visit("root", self.root);
        visit("root_where", self.root_where);
    }
};

// What "Customized Linux" asks for: on its first partition the cloud leaves a file that the system itself reads.
struct CustomizedFacts {
    std::string device = {};             // of the first partition's volume; empty where there is none
    std::string folder = {};             // what is at /aliyun_custom_image there: "directory", "other"; empty: nothing
    std::string problem = {};            // why it could not be looked into
    std::vector<Evidence> parsers = {};  // what starts at boot and speaks of os.conf

    static void fields(auto &self, auto &&visit)
    {
        visit("device", self.device);
        visit("folder", self.folder);
        visit("problem", self.problem);
        visit("parsers", self.parsers);
    }
};

}  // namespace imgport
