// SPDX-License-Identifier: Apache-2.0
// containers.cpp: code of the standard library, inlined deeply. For tests of DWARF in images.
#include <iostream>
#include <map>
#include <string>
#include <vector>
#include <algorithm>
int main(int argc, char **argv)
{
	std::map<std::string, std::vector<int>> words;
	for (int i = 0; i < argc; i++)
		words[argv[i]].push_back(i);
	for (auto &word : words) {
		std::sort(word.second.begin(), word.second.end());
		std::cout << word.first << word.second.size() << "\n";
	}
	return 0;
}
