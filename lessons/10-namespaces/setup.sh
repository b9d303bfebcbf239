# The page that the learner is going to serve.
set -e
mkdir -p /srv/www
echo "Hello from process $$ of $(hostname)" > /srv/www/index.html
