# The commands of a sluice checkout; `make help` lists them. CMake does the work and CMakePresets.json
# holds the developers' builds (CMake 3.25 and later); `make build` spells its one build out, so that
# CMake 3.22 does, too.
BUILD_TYPE ?= RelWithDebInfo
JOBS ?= $(shell nproc)
PREFIX ?= /usr/local
RELEASE = build/release

.PHONY: help build package install setup check check-compose bench soak demo format lint clean

help: ## lists these commands
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

build: ## installs what the build needs and builds build/release/sluice
	scripts/setup build
	cmake -S . -B $(RELEASE) -DCMAKE_BUILD_TYPE=$(BUILD_TYPE) -DBUILD_TESTING=OFF \
	    "-DCMAKE_C_FLAGS=-D_FORTIFY_SOURCE=2 -fstack-protector-strong -fPIE" \
	    "-DCMAKE_EXE_LINKER_FLAGS=-pie -Wl,-z,relro,-z,now" -DCMAKE_INSTALL_PREFIX=$(PREFIX)
	cmake --build $(RELEASE) -j$(JOBS)

package: build ## build/release/*.deb: the Debian package
	scripts/setup package
	rm -f $(RELEASE)/*.deb
	cd $(RELEASE) && cpack -G DEB >cpack.log || { cat cpack.log; exit 1; }
	@ls $(RELEASE)/*.deb

install: ## installs the built program (PREFIX=/usr/local, DESTDIR=)
	$(if $(filter-out file,$(origin PREFIX)),cmake -S . -B $(RELEASE) -DCMAKE_INSTALL_PREFIX=$(PREFIX) >/dev/null)
	cmake --install $(RELEASE)

setup: ## installs what building and every test need (Debian 12, Ubuntu 22.04 and later)
	scripts/setup test

check: ## runs every test; the last line counts them
	scripts/check

check-compose: ## the containers of docker-compose.yml, with faults; installs docker where there is none
	python3 tests/compose/run.py

bench: build ## measures events and bytes a second
	scripts/setup demo
	tests/bench/run

soak: build ## MODE=changes|features|bootstrap|readers|drift|reconcile, docs/testing.md; SERVER=mariadb|mysql SECONDS=600 ROWS=1000000 SEED=
	scripts/setup $(if $(filter mysql,$(SERVER)),test,demo)
	binary=$(RELEASE)/sluice; [ "$(SERVER)" != mysql ] || binary=$$(scripts/root-build | tail -n 1); \
	    python3 tests/integration/soak.py --server $(or $(SERVER),mariadb) --binary "$$binary" --seconds $(or $(SECONDS),600) \
	    --mode $(or $(MODE),changes) --rows $(or $(ROWS),1000000) --image $(or $(IMAGE),full) \
	    --sluice-kills $(or $(SLUICE_KILLS),20) --redis-kills $(or $(REDIS_KILLS),10) $(if $(SEED),--seed $(SEED))

demo: build ## a private MariaDB and Redis with sluice between them, for half a minute (scripts/demo --keep: until you leave)
	scripts/setup demo
	scripts/demo

format: ## formats the C sources
	git ls-files '*.[ch]' | xargs clang-format -i

lint: ## what the compiler does not say: format, clang-tidy, cppcheck, shellcheck, manual pages
	scripts/lint

clean: ## removes build/
	rm -rf build
