// GRUB 2's script, run as far as its menu goes: variables, conditions and menu entries, nothing else.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <imgport/guest_facts.hpp>

#include "guest/bls.hpp"
#include "guest/grub_script.hpp"
#include "guest/guest_files.hpp"

namespace imgport {

// One entry or submenu of the menu, before anything in it was run.
struct GrubMenuNode {
    std::string title = {};
    std::string id = {};
    bool is_submenu = false;
    const GrubBlock *body = nullptr;          // of a menuentry; part of the script that was run
    std::vector<GrubMenuNode> children = {};  // of a submenu
    std::optional<BlsEntry> bls = {};
};

class GrubInterpreter {
public:
    // `path` is the configuration's own; its folder is GRUB's prefix and holds the environment block. `bls_folder` is
    // where the blscfg command finds entries.
    GrubInterpreter(GuestFiles &files, const std::string &path, const std::string &bls_folder);

    // What Container Linux's gptprio.next finds: the UUID of the partition with /usr to start from.
    void set_next_usr(std::string partition_uuid) { m_next_usr = std::move(partition_uuid); }

    // Runs commands in order. `menu` takes the entries; nullptr inside of one.
    void run(const GrubBlock &block, std::vector<GrubMenuNode> *menu, unsigned depth = 0);

    // What an entry starts, with the variables as they are once the whole file was run, and the device it is on in
    // GRUB's words: "UUID=..." where it was searched for, else "hd0,gpt2"; empty where nothing set one.
    struct Started {
        BootEntry entry = {};
        std::string device = {};
        bool hands_on = false;  // it starts no kernel itself but goes on in another configuration
    };
    Started run_entry(const GrubMenuNode &node);

    // The value of a variable; empty where it is not set.
    std::string variable(std::string_view name) const;
    // The volumes looked for outside of entries.
    const std::vector<std::string> &searches() const { return m_searches; }
    // Whether another configuration was started or read in.
    bool hands_on() const { return m_hands_on; }

private:
    using Variables = std::map<std::string, std::string, std::less<>>;
    using Words = std::vector<std::string>;

    const GrubArm *taken_arm(const std::vector<GrubArm> &arms);
    bool status_of(Words words) const;
    bool test(const Words &words) const;
    bool test_simple(const Words &words) const;
    Words expand(const std::vector<GrubWord> &words) const;
    std::string expand_text(std::string_view text) const;
    void run_command(const GrubCommand &command, const Words &words, std::vector<GrubMenuNode> *menu, unsigned depth);
    bool call(const Words &words, std::vector<GrubMenuNode> *menu, unsigned depth);
    void next_usr(const Words &words);
    void read_environment(const std::string &path);
    void set(std::string_view assignment);
    void load_environment(const Words &words);
    void search(const Words &words);
    bool full();
    void add_node(const GrubCommand &command, const Words &words, std::vector<GrubMenuNode> &menu, unsigned depth);
    void add_bls(std::vector<GrubMenuNode> &menu);
    void take_kernel(const Words &words, std::uint64_t line);
    void start_bls(const BlsEntry &bls);

    GuestFiles &m_files;
    std::string m_path;
    std::string m_bls_folder;
    Variables m_variables;
    Variables m_environment;
    BootEntry m_entry;
    std::vector<std::string> m_searches;
    std::map<std::string, const GrubBlock *, std::less<>> m_functions;  // part of the script that was run
    std::size_t m_calls = 0;
    std::string m_next_usr;
    std::size_t m_nodes = 0;
    bool m_hands_on = false;
};

}  // namespace imgport
