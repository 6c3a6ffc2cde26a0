module sillage/bench/load

go 1.22
