# The superuser needs no password, everybody else does.
cat > "$PGDATA/pg_hba.conf" <<'EOF'
local all all trust
host all postgres all trust
host all all all scram-sha-256
EOF
